#include "base/memory_limit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace helicon {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kilo = 1024;
constexpr uint64_t mega = 1024 * kilo;

// A tree with the few files that are read, removed at the end.
class MemoryLimit : public testing::Test {
 protected:
  MemoryLimit()
      : root_(fs::temp_directory_path() / ("helicon_memory_limit_" + std::to_string(getpid()))) {
    fs::remove_all(root_);
    write("proc/meminfo", "MemTotal:  9000 kB\nMemFree:  100 kB\nMemAvailable:    8000 kB\n");
  }
  ~MemoryLimit() override { fs::remove_all(root_); }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  // A v2 hierarchy at the usual place, with this process in `group`.
  void mount_version_2(const std::string& group, const std::string& group_at_mount = "/") const {
    write("proc/self/cgroup", "0::" + group + "\n");
    write("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 22 0:28 " +
                                     group_at_mount +
                                     " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  }

  uint64_t available() const { return available_memory(root_); }

 private:
  fs::path root_;
};

TEST_F(MemoryLimit, WithoutGroupsWhatTheMachineHasAvailable) {
  EXPECT_EQ(available(), 8000 * kilo);
}

TEST_F(MemoryLimit, WithoutProcTheTotalBounds) {
  const uint64_t total =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  EXPECT_EQ(available_memory("/nonexistent"), total);
}

TEST_F(MemoryLimit, HereItIsSomethingBelowTheTotal) {
  EXPECT_GT(available_memory(), 0u);
  EXPECT_LT(available_memory(), available_memory("/nonexistent"));
}

TEST_F(MemoryLimit, VersionTwoLimitLessUsage) {
  mount_version_2("/job");
  write("sys/fs/cgroup/job/memory.max", std::to_string(4 * mega) + "\n");
  write("sys/fs/cgroup/job/memory.high", "max\n");
  write("sys/fs/cgroup/job/memory.current", std::to_string(mega) + "\n");
  EXPECT_EQ(available(), 3 * mega);
  write("sys/fs/cgroup/job/memory.high", std::to_string(2 * mega) + "\n");
  EXPECT_EQ(available(), mega);
}

TEST_F(MemoryLimit, CachedFilesGiveWay) {
  mount_version_2("/job");
  write("sys/fs/cgroup/job/memory.max", std::to_string(4 * mega));
  write("sys/fs/cgroup/job/memory.current", std::to_string(3 * mega));
  write("sys/fs/cgroup/job/memory.stat", "anon 1\nfile 3\ninactive_anon 7\nactive_anon 7\n" +
                                             ("inactive_file " + std::to_string(mega)) +
                                             "\nactive_file " + std::to_string(mega / 2) + "\n");
  EXPECT_EQ(available(), 4 * mega - (3 * mega - mega - mega / 2));
}

TEST_F(MemoryLimit, TheTightestOfTheParentsCounts) {
  mount_version_2("/a/b/c");
  write("sys/fs/cgroup/a/b/c/memory.max", "max\n");
  write("sys/fs/cgroup/a/b/memory.max", std::to_string(5 * mega));
  write("sys/fs/cgroup/a/b/memory.current", std::to_string(1 * mega));
  write("sys/fs/cgroup/a/memory.max", std::to_string(6 * mega));
  write("sys/fs/cgroup/a/memory.current", std::to_string(4 * mega));
  EXPECT_EQ(available(), 2 * mega);
}

TEST_F(MemoryLimit, AGroupOverItsLimitLeavesNothing) {
  mount_version_2("/job");
  write("sys/fs/cgroup/job/memory.max", std::to_string(mega));
  write("sys/fs/cgroup/job/memory.current", std::to_string(2 * mega));
  EXPECT_EQ(available(), 0u);
}

TEST_F(MemoryLimit, ALimitAboveTheMachineDoesNotCount) {
  mount_version_2("/job");
  write("sys/fs/cgroup/job/memory.max", std::to_string(900 * mega));
  write("sys/fs/cgroup/job/memory.current", "0");
  EXPECT_EQ(available(), 8000 * kilo);
}

// A container that sees the host's group path in /proc/self/cgroup, but its own group at the mount.
TEST_F(MemoryLimit, AContainersGroupIsAtTheMountPoint) {
  mount_version_2("/docker/4f5e", "/docker/4f5e");
  write("sys/fs/cgroup/memory.max", std::to_string(4 * mega));
  write("sys/fs/cgroup/memory.current", std::to_string(mega));
  EXPECT_EQ(available(), 3 * mega);
}

// The group was moved after the container's namespace was made.
TEST_F(MemoryLimit, AGroupOutsideTheMountIsSoughtAtTheMountPoint) {
  mount_version_2("/../elsewhere");
  write("sys/fs/cgroup/memory.max", std::to_string(4 * mega));
  write("sys/fs/cgroup/memory.current", std::to_string(mega));
  EXPECT_EQ(available(), 3 * mega);
}

TEST_F(MemoryLimit, VersionOneLimitLessUsage) {
  write("proc/self/cgroup", "7:cpu,cpuacct:/other\n5:memory:/jobs/7\n0::/\n");
  write("proc/self/mountinfo",
        "33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  const std::string memory = "sys/fs/cgroup/memory/";
  write(memory + "memory.limit_in_bytes", "9223372036854771712\n");
  write(memory + "jobs/memory.limit_in_bytes", std::to_string(6 * mega) + "\n");
  write(memory + "jobs/memory.usage_in_bytes", std::to_string(5 * mega) + "\n");
  write(memory + "jobs/memory.stat", "active_file 1\ntotal_inactive_file " + std::to_string(mega) +
                                         "\ntotal_active_file " + std::to_string(mega) + "\n");
  write(memory + "jobs/7/memory.limit_in_bytes", std::to_string(7 * mega) + "\n");
  write(memory + "jobs/7/memory.usage_in_bytes", std::to_string(mega) + "\n");
  EXPECT_EQ(available(), 3 * mega);
}

TEST_F(MemoryLimit, LinesThatMakeNoSenseAreSkipped) {
  write("proc/self/cgroup", "\nnonsense\n0:\n");
  write("proc/self/mountinfo", "\n- -\n1 2 3 - cgroup2\n1 2 3:4 / /x rw - cgroup2\n");
  EXPECT_EQ(available(), 8000 * kilo);
}

TEST(MemoryClaim, WhatIsPromisedIsNotPromisedAgain) {
  constexpr uint64_t bytes = uint64_t{1} << 30;
  const auto near = [](uint64_t a, uint64_t b) {
    return (a > b ? a - b : b - a) < (uint64_t{1} << 29);
  };
  const uint64_t before = unclaimed_memory();
  ASSERT_GT(before, 2 * bytes) << "this test wants 2 GiB free";
  {
    const MemoryClaim claim(bytes);
    EXPECT_TRUE(near(unclaimed_memory(), before - bytes));
    MemoryClaim moved = MemoryClaim(bytes);
    EXPECT_TRUE(near(unclaimed_memory(), before - 2 * bytes));
    moved = MemoryClaim();
    EXPECT_TRUE(near(unclaimed_memory(), before - bytes));
  }
  EXPECT_TRUE(near(unclaimed_memory(), before));
}

}  // namespace
}  // namespace helicon
