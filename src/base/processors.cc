#include "base/processors.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "base/cgroup.h"

namespace helicon {
namespace {

namespace fs = std::filesystem;

std::string read_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Cores of the affinity mask, counted by their sets of sibling threads.
int physical_cores(const fs::path& root) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof(mask), &mask) != 0) return 1;
  std::set<std::string> cores;
  int logical = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &mask)) continue;
    ++logical;
    const fs::path siblings = root / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu)) /
                              "topology/thread_siblings_list";
    const std::string line = read_line(siblings);
    cores.insert(line.empty() ? "cpu" + std::to_string(cpu) : line);
  }
  return std::max(1, std::min<int>(logical, static_cast<int>(cores.size())));
}

// Processors' worth of time a quota grants: infinity without one.
double quota_of(double microseconds, double period) {
  return microseconds > 0 && period > 0 ? microseconds / period : INFINITY;
}

double quota_v2(const fs::path& directory) {
  std::istringstream line(read_line(directory / "cpu.max"));
  std::string quota;
  double period = 0;
  if (!(line >> quota >> period) || quota == "max") return INFINITY;
  return quota_of(std::strtod(quota.c_str(), nullptr), period);
}

double quota_v1(const fs::path& directory) {
  const std::string quota = read_line(directory / "cpu.cfs_quota_us");
  const std::string period = read_line(directory / "cpu.cfs_period_us");
  return quota_of(std::strtod(quota.c_str(), nullptr), std::strtod(period.c_str(), nullptr));
}

// The tightest quota from this process's group up to the root of the hierarchy.
double cgroup_quota(const fs::path& root) {
  double quota = INFINITY;
  for (const ControlGroup& group : control_groups("cpu", root))
    quota =
        std::min(quota, group.version_2 ? quota_v2(group.directory) : quota_v1(group.directory));
  return quota;
}

}  // namespace

int usable_processors(const fs::path& root) {
  const int cores = physical_cores(root);
  const double quota = cgroup_quota(root);
  if (!std::isfinite(quota)) return cores;
  return std::clamp(static_cast<int>(std::floor(quota)), 1, cores);
}

}  // namespace helicon
