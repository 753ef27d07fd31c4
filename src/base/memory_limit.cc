#include "base/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/cgroup.h"

namespace helicon {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t unlimited = std::numeric_limits<uint64_t>::max();

// The number in a file of one line; nothing if there is none ("max", or no such file).
std::optional<uint64_t> number_in(const fs::path& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  if (!(file >> number)) return std::nullopt;
  return number;
}

// The number after `name` in a file of lines "name number".
std::optional<uint64_t> number_after(const fs::path& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name + " ")) continue;
    return std::strtoull(line.c_str() + name.size(), nullptr, 10);
  }
  return std::nullopt;
}

uint64_t available_in_machine(const fs::path& root) {
  if (const auto kilobytes = number_after(root / "proc/meminfo", "MemAvailable:")) {
    return *kilobytes * 1024;
  }
  // Without /proc the total bounds it.
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

struct GroupFiles {
  const char* limits[2];
  const char* usage;
  const char* cached[2];  // entries of memory.stat
};

// Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst of the kernel.
constexpr GroupFiles version_2 = {
    {"memory.max", "memory.high"}, "memory.current", {"active_file", "inactive_file"}};
constexpr GroupFiles version_1 = {{"memory.limit_in_bytes", "memory.limit_in_bytes"},
                                  "memory.usage_in_bytes",
                                  {"total_active_file", "total_inactive_file"}};

uint64_t available_in_group(const ControlGroup& group) {
  const GroupFiles& files = group.version_2 ? version_2 : version_1;
  uint64_t limit = unlimited;
  for (const char* file : files.limits) {
    limit = std::min(limit, number_in(group.directory / file).value_or(unlimited));
  }
  if (limit == unlimited) return unlimited;
  uint64_t cached = 0;
  for (const char* entry : files.cached) {
    cached += number_after(group.directory / "memory.stat", entry).value_or(0);
  }
  const uint64_t usage = number_in(group.directory / files.usage).value_or(0);
  const uint64_t taken = usage - std::min(usage, cached);
  return limit - std::min(limit, taken);
}

}  // namespace

uint64_t available_memory(const fs::path& root) {
  uint64_t available = available_in_machine(root);
  for (const ControlGroup& group : control_groups("memory", root)) {
    available = std::min(available, available_in_group(group));
  }
  return available;
}

namespace {

std::atomic<uint64_t> claimed{0};

// Bytes of memory of our own, files not counted: resident less shared (man 5 proc, statm).
uint64_t own_memory() {
  std::ifstream file("/proc/self/statm");
  uint64_t size = 0, resident = 0, shared = 0;
  if (!(file >> size >> resident >> shared)) return 0;
  return (resident - std::min(resident, shared)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

MemoryClaim::MemoryClaim(uint64_t bytes) : bytes_(bytes) { claimed.fetch_add(bytes_); }

MemoryClaim::MemoryClaim(MemoryClaim&& other) noexcept : bytes_(std::exchange(other.bytes_, 0)) {}

MemoryClaim& MemoryClaim::operator=(MemoryClaim&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MemoryClaim::~MemoryClaim() { claimed.fetch_sub(bytes_); }

uint64_t unclaimed_memory() {
  const uint64_t promised = claimed.load();
  const uint64_t untouched = promised - std::min(promised, own_memory());
  const uint64_t available = available_memory();
  return available - std::min(available, untouched);
}

}  // namespace helicon
