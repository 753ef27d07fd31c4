// How many threads are worth having here.
#pragma once

#include <filesystem>

namespace helicon {

// Physical cores this process may run on, bounded by the cgroup's CPU quota (v2 and v1), at least
// one. Hyper-threads of one core count once: kernels that saturate a core gain nothing from two.
// `root` stands for "/" in tests.
int usable_processors(const std::filesystem::path& root = "/");

}  // namespace helicon
