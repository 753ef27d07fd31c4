#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <latch>
#include <string>
#include <thread>
#include <vector>

namespace helicon {
namespace {

namespace fs = std::filesystem;

const size_t page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));

// Pages of a file are filled with 1, so that a zero is one that was put there.
class MappedFileTest : public testing::Test {
 protected:
  MappedFileTest()
      : path_(fs::temp_directory_path() / ("helicon_mapped_file_" + std::to_string(getpid()))) {}
  ~MappedFileTest() override { fs::remove_all(path_); }

  void write(size_t bytes) const {
    std::ofstream(path_, std::ios::binary) << std::string(bytes, '\1');
  }

  std::unique_ptr<const MappedFile> open() const {
    auto file = MappedFile::open(path_);
    EXPECT_TRUE(file.ok());
    return std::move(file).value();
  }

  void cut(size_t bytes) const { fs::resize_file(path_, bytes); }

  const fs::path path_;
};

// Volatile, so that the compiler reads memory each time.
int byte_at(const MappedFile& file, size_t index) {
  return static_cast<int>(*static_cast<const volatile std::byte*>(file.bytes().data() + index));
}

TEST_F(MappedFileTest, GivesTheBytes) {
  std::ofstream(path_) << "some text";
  const auto file = open();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()),
            "some text");
  EXPECT_TRUE(file->intact());
}

TEST_F(MappedFileTest, AnEmptyFileHasNoBytes) {
  write(0);
  const auto file = open();
  EXPECT_TRUE(file->bytes().empty());
  EXPECT_TRUE(file->intact());
  MappedFile::release(file->bytes());
}

TEST_F(MappedFileTest, WhatCannotBeMappedIsNamed) {
  const auto missing = MappedFile::open(path_);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_EQ(missing.error().message, path_.string() + ": no such file");

  const auto folder = MappedFile::open(path_.parent_path());
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code, ErrorCode::io);
  EXPECT_EQ(folder.error().message, path_.parent_path().string() + ": not a regular file");

  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const auto pipe = MappedFile::open(path_);
  ASSERT_FALSE(pipe.ok());
  EXPECT_EQ(pipe.error().code, ErrorCode::io);
}

TEST_F(MappedFileTest, PagesCutOffReadAsZeros) {
  write(8 * page_bytes);
  const auto file = open();
  ASSERT_EQ(byte_at(*file, 7 * page_bytes), 1);
  cut(2 * page_bytes);
  EXPECT_EQ(byte_at(*file, 5 * page_bytes), 0);
  EXPECT_FALSE(file->intact());
  EXPECT_EQ(byte_at(*file, 8 * page_bytes - 1), 0);
  EXPECT_EQ(byte_at(*file, 3 * page_bytes), 0);  // below the first fault
  EXPECT_EQ(byte_at(*file, 2 * page_bytes - 1), 1);
}

TEST_F(MappedFileTest, DamageStaysWhenTheFileGrowsBack) {
  write(2 * page_bytes);
  const auto file = open();
  cut(page_bytes);
  ASSERT_EQ(byte_at(*file, page_bytes), 0);
  write(2 * page_bytes);
  EXPECT_FALSE(file->intact());
}

// The rest of a page that is cut in its middle reads as zeros without any fault.
TEST_F(MappedFileTest, ACutWithinAPageIsSeenWithoutAFault) {
  write(page_bytes);
  const auto file = open();
  ASSERT_TRUE(file->intact());
  cut(page_bytes - 1);
  EXPECT_FALSE(file->intact());
}

TEST_F(MappedFileTest, ManyThreadsMayFaultAtOnce) {
  constexpr int rounds = 50;
  constexpr size_t pages = 16;
  for (int round = 0; round < rounds; ++round) {
    write(pages * page_bytes);
    const auto file = open();
    cut(0);
    std::latch start(2);
    std::atomic<int> sum{0};
    const auto read_all = [&](bool upwards) {
      start.arrive_and_wait();
      for (size_t i = 0; i < pages; ++i) {
        sum += byte_at(*file, (upwards ? i : pages - 1 - i) * page_bytes);
      }
    };
    std::thread other(read_all, true);
    read_all(false);
    other.join();
    EXPECT_EQ(sum, 0);
    EXPECT_FALSE(file->intact());
  }
}

// Others open and close files while one mapping faults: the handler must find that one, and only
// it.
TEST_F(MappedFileTest, FaultsFindTheirMappingWhileOthersComeAndGo) {
  const fs::path other_path = path_.string() + "_other";
  std::ofstream(other_path) << std::string(page_bytes, '\1');
  std::atomic<bool> done{false};
  std::atomic<int> damaged{0};
  std::thread others([&] {
    while (!done) {
      auto other = MappedFile::open(other_path);
      ASSERT_TRUE(other.ok());
      damaged += (*other)->intact() ? 0 : 1;
    }
  });
  for (int round = 0; round < 200; ++round) {
    write(2 * page_bytes);
    const auto file = open();
    cut(page_bytes);
    EXPECT_EQ(byte_at(*file, page_bytes), 0);
    EXPECT_FALSE(file->intact());
  }
  done = true;
  others.join();
  fs::remove(other_path);
  EXPECT_EQ(damaged, 0);
}

TEST_F(MappedFileTest, ReleasedPagesLeaveMemoryAndAreReadAnew) {
  write(4 * page_bytes);
  const auto file = open();
  const auto resident_bytes = [&] {
    std::ifstream smaps("/proc/self/smaps");
    bool ours = false;
    for (std::string line; std::getline(smaps, line);) {
      if (line.find(path_.string()) != std::string::npos) ours = true;
      if (ours && line.starts_with("Rss:")) return std::stoul(line.substr(4)) * 1024;
    }
    return 0ul;
  };
  for (size_t i = 0; i < 4; ++i) ASSERT_EQ(byte_at(*file, i * page_bytes), 1);
  ASSERT_EQ(resident_bytes(), 4 * page_bytes);
  // The pages that are only partly in the range stay.
  MappedFile::release(file->bytes().subspan(1, 3 * page_bytes));
  EXPECT_EQ(resident_bytes(), 2 * page_bytes);
  EXPECT_EQ(byte_at(*file, 2 * page_bytes), 1);
}

// Foreign faults, in processes of their own, where the first open() installs the handler. The
// program itself is the file: a process that dies leaves nothing behind.
std::unique_ptr<const MappedFile> open_program() {
  return std::move(MappedFile::open("/proc/self/exe")).value();
}

void touch_beyond_the_end_of_a_foreign_mapping() {
  std::FILE* file = std::tmpfile();
  void* data = mmap(nullptr, page_bytes, PROT_READ, MAP_SHARED, fileno(file), 0);
  const volatile char first = *static_cast<volatile char*>(data);
  static_cast<void>(first);
}

TEST(MappedFileDeathTest, AForeignFaultEndsTheProcessAsBefore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        signal(SIGBUS, SIG_DFL);
        const auto file = open_program();
        touch_beyond_the_end_of_a_foreign_mapping();
      },
      testing::KilledBySignal(SIGBUS), "");
}

TEST(MappedFileDeathTest, ASignalSentByAProcessEndsItAsBefore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        signal(SIGBUS, SIG_DFL);
        const auto file = open_program();
        raise(SIGBUS);
      },
      testing::KilledBySignal(SIGBUS), "");
}

TEST(MappedFileDeathTest, AForeignFaultReachesTheHandlerBefore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        signal(SIGBUS, [](int) { _exit(7); });
        const auto file = open_program();
        touch_beyond_the_end_of_a_foreign_mapping();
      },
      testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace helicon
