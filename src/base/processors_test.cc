#include "base/processors.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace helicon {
namespace {

namespace fs = std::filesystem;

// A tree with the few files that the count reads, removed at the end.
class FakeRoot {
 public:
  FakeRoot()
      : path_(fs::temp_directory_path() / ("helicon_processors_" + std::to_string(getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~FakeRoot() { fs::remove_all(path_); }
  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file) << text;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

int allowed() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  sched_getaffinity(0, sizeof(mask), &mask);
  return CPU_COUNT(&mask);
}

TEST(Processors, WithoutTopologyOrQuotaAllThatAreAllowed) {
  const FakeRoot root;
  EXPECT_EQ(usable_processors(root.path()), allowed());
}

TEST(Processors, SiblingsCountOnce) {
  const FakeRoot root;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  sched_getaffinity(0, sizeof(mask), &mask);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &mask))
      root.write(
          "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list",
          "0-1023\n");
  EXPECT_EQ(usable_processors(root.path()), 1);
}

TEST(Processors, TheTightestQuotaOfTheParentsCounts) {
  const FakeRoot root;
  root.write("proc/self/cgroup", "0::/a/b\n");
  root.write("proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  root.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  root.write("sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  EXPECT_EQ(usable_processors(root.path()), 1);
  root.write("sys/fs/cgroup/a/cpu.max", "max 100000\n");
  EXPECT_EQ(usable_processors(root.path()), allowed());
}

TEST(Processors, VersionOneQuota) {
  const FakeRoot root;
  root.write("proc/self/cgroup", "4:cpu,cpuacct:/job\n");
  root.write("proc/self/mountinfo",
             "30 20 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n");
  root.write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "100000\n");
  root.write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(usable_processors(root.path()), 1);
}

}  // namespace
}  // namespace helicon
