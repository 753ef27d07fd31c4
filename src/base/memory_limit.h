// How much memory there is for us.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

namespace helicon {

// Bytes of memory this process may still take without swapping or being killed: what the machine
// has available, or what the tightest of its control groups (v2 and v1, memory.max and memory.high)
// leaves, if that is less. Cached files count as available, as they give way. `root` stands for "/"
// in tests.
uint64_t available_memory(const std::filesystem::path& root = "/");

// A promise that this process may yet use so many bytes, for as long as it lives. Memory is often
// reserved long before it is touched; what one part has been promised must not be promised again.
class MemoryClaim {
 public:
  MemoryClaim() = default;
  explicit MemoryClaim(uint64_t bytes);
  MemoryClaim(MemoryClaim&& other) noexcept;
  MemoryClaim& operator=(MemoryClaim&& other) noexcept;
  ~MemoryClaim();

 private:
  uint64_t bytes_ = 0;
};

// available_memory(), less what is claimed and not yet in use: the sum of all claims, less the
// anonymous memory that this process has.
uint64_t unclaimed_memory();

}  // namespace helicon
