// Which control groups this process is in.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace helicon {

struct ControlGroup {
  std::filesystem::path directory;  // of its files: "/sys/fs/cgroup/memory/jobs/7"
  bool version_2;  // the files are named and written as in cgroup v2, else as in v1
};

// The group that governs `controller` ("memory") and all its parents that can be seen from here,
// innermost first, of v2 and v1 hierarchies. Empty if there are none. `root` stands for "/" in
// tests.
std::vector<ControlGroup> control_groups(std::string_view controller,
                                         const std::filesystem::path& root = "/");

}  // namespace helicon
