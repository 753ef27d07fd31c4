// How much memory there is for us.
#pragma once

#include <cstdint>
#include <filesystem>

namespace helicon {

// Bytes of memory this process may still take without swapping or being killed: what the machine
// has available, or what the tightest of its control groups (v2 and v1, memory.max and memory.high)
// leaves, if that is less. Cached files count as available, as they give way. `root` stands for "/"
// in tests.
uint64_t available_memory(const std::filesystem::path& root = "/");

}  // namespace helicon
