#include "weights/packed_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace helicon::weights {
namespace {

namespace fs = std::filesystem;

class PackedFileTest : public testing::Test {
 protected:
  PackedFileTest()
      : folder_(fs::temp_directory_path() / ("helicon_packed_" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    std::ofstream(weights()) << "weights";
    for (size_t i = 0; i < bytes_.size(); ++i) bytes_[i] = static_cast<std::byte>(i * 7 % 251);
  }
  ~PackedFileTest() override { fs::remove_all(folder_); }

  fs::path weights() const { return folder_ / "model.gguf"; }
  fs::path store() const { return folder_ / "packed"; }
  std::string identity(const std::string& rest = "1 2 3") const {
    return weights().string() + "\n" + rest + "\n";
  }
  fs::path path() const { return packed_path(store(), identity(), 16); }

  // Writes and waits for the file to stand there.
  void write(const std::string& identity) {
    const PackedWriter writer(path(), identity, bytes_);
    for (int i = 0; i < 12'000 && !PackedFile::open(path(), identity, bytes_.size()); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::vector<std::string> kept() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(store()))
      names.push_back(entry.path().filename().string());
    return names;
  }

  const fs::path folder_;
  std::vector<std::byte> bytes_ = std::vector<std::byte>((size_t{20} << 20) + 77);
};

TEST_F(PackedFileTest, GivesBackWhatWasWritten) {
  write(identity());
  const auto file = PackedFile::open(path(), identity(), bytes_.size());
  ASSERT_NE(file, nullptr);
  EXPECT_TRUE(std::ranges::equal(file->bytes(), bytes_));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file->bytes().data()) % 64, 0u);
  EXPECT_TRUE(file->intact());
  EXPECT_EQ(kept(), std::vector<std::string>{path().filename().string()});
}

TEST_F(PackedFileTest, AnotherIdentityOrSizeIsAsGoodAsNone) {
  EXPECT_EQ(PackedFile::open(path(), identity(), bytes_.size()), nullptr);
  write(identity());
  EXPECT_EQ(PackedFile::open(path(), identity("1 2 4"), bytes_.size()), nullptr);
  EXPECT_EQ(PackedFile::open(path(), identity("1 2 3 4"), bytes_.size()), nullptr);
  EXPECT_EQ(PackedFile::open(path(), identity(), bytes_.size() - 1), nullptr);
  fs::resize_file(path(), fs::file_size(path()) - 1);  // as after a copy that did not end
  EXPECT_EQ(PackedFile::open(path(), identity(), bytes_.size()), nullptr);
  fs::resize_file(path(), 3);
  EXPECT_EQ(PackedFile::open(path(), identity(), bytes_.size()), nullptr);
}

TEST_F(PackedFileTest, WhatFollowsTakesItsPlace) {
  write(identity());
  bytes_[5] = std::byte{99};
  write(identity("changed"));
  EXPECT_EQ(PackedFile::open(path(), identity(), bytes_.size()), nullptr);
  const auto file = PackedFile::open(path(), identity("changed"), bytes_.size());
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->bytes()[5], std::byte{99});
  EXPECT_EQ(kept().size(), 1u);
}

TEST_F(PackedFileTest, GoesOnWhereAnEarlierOneWasStopped) {
  bytes_.resize((size_t{200} << 20) + 5);
  for (size_t i = 0; i < bytes_.size(); ++i) bytes_[i] = static_cast<std::byte>(i * 7 % 251);
  const fs::path partial = path().string() + ".partial";
  constexpr uintmax_t enough = uintmax_t{70} << 20;
  std::error_code error;
  {
    const PackedWriter writer(path(), identity(), bytes_);
    // A disk may take its time, and the writer may be quicker than a look.
    const auto written = [&] {
      return fs::exists(path()) || (fs::exists(partial) && fs::file_size(partial, error) > enough);
    };
    for (int i = 0; i < 30'000 && !written(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (!fs::exists(path())) {  // it may have been quicker
    ASSERT_GT(fs::file_size(partial), enough);
    // What was not yet on the disk may be anything after a failure of the power.
    fs::resize_file(partial, (uintmax_t{64} << 20) + 4096 + 100);
    fs::resize_file(partial, uintmax_t{100} << 20);
    bytes_[0] = ~bytes_[0];  // as it was is how it is found: that part is not written again
  }
  write(identity());
  const auto file = PackedFile::open(path(), identity(), bytes_.size());
  ASSERT_NE(file, nullptr);
  EXPECT_TRUE(std::ranges::equal(file->bytes().subspan(1), std::span(bytes_).subspan(1)));
  EXPECT_EQ(file->bytes()[0], std::byte{0});
  EXPECT_EQ(kept(), std::vector<std::string>{path().filename().string()});
}

TEST_F(PackedFileTest, WhoIsStoppedEndsSoon) {
  const std::vector<std::byte> large(size_t{512} << 20);
  const auto start = std::chrono::steady_clock::now();
  { const PackedWriter writer(path(), identity(), large); }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_GE(fs::file_size(path().string() + ".partial"), uintmax_t{64} << 20);
}

TEST_F(PackedFileTest, AFolderThatCannotBeMadeIsNoHarm) {
  std::ofstream(store()) << "a file";
  { const PackedWriter writer(path(), identity(), bytes_); }
  EXPECT_EQ(PackedFile::open(path(), identity(), bytes_.size()), nullptr);
  EXPECT_TRUE(fs::is_regular_file(store()));
}

TEST_F(PackedFileTest, SweepsWhatIsOfNoUse) {
  write(identity());
  fs::copy_file(path(), store() / "stopped.16.packed.partial");
  const fs::path dead = store() / "dead.16.packed.partial";
  const fs::path alive = store() / "alive.16.packed.partial";
  const fs::path foreign = store() / "foreign.16.packed";
  const fs::path other = store() / "notes.txt";
  for (const fs::path& file : {dead, alive, foreign, other}) std::ofstream(file) << "12345";
  const int held = open(alive.c_str(), O_RDWR);
  ASSERT_EQ(flock(held, LOCK_EX), 0);
  EXPECT_EQ(sweep_packed(store()), 10u);
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_FALSE(fs::exists(foreign));
  EXPECT_TRUE(fs::exists(alive));  // somebody writes it
  EXPECT_TRUE(fs::exists(store() / "stopped.16.packed.partial"));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_TRUE(fs::exists(path()));
  fs::remove(weights());
  EXPECT_GT(sweep_packed(store()), bytes_.size());
  EXPECT_FALSE(fs::exists(path()));
  close(held);
}

TEST_F(PackedFileTest, FilesOfOneNameAndOfOtherPanelsAreKeptApart) {
  const fs::path first = packed_path(store(), "/a/model.gguf\nx\n", 16);
  EXPECT_NE(first, packed_path(store(), "/b/model.gguf\nx\n", 16));
  EXPECT_NE(first, packed_path(store(), "/a/model.gguf\nx\n", 8));
  EXPECT_EQ(first, packed_path(store(), "/a/model.gguf\ny\n", 16));
  EXPECT_EQ(first.filename().string().substr(0, 6), "model-");
}

}  // namespace
}  // namespace helicon::weights
