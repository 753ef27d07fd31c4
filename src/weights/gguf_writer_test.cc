#include "weights/gguf_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <vector>

namespace helicon::weights {
namespace {

namespace fs = std::filesystem;

class GgufWriterTest : public testing::Test {
 protected:
  GgufWriterTest() { fs::create_directory(folder_); }
  ~GgufWriterTest() override { fs::remove_all(folder_); }

  const fs::path folder_ =
      fs::temp_directory_path() / ("helicon_writer_" + std::to_string(getpid()));
  const fs::path path_ = folder_ / "new.gguf";
};

Metadata metadata() {
  Metadata values;
  values.set("general.architecture", std::string("llama"));
  values.set("a.count", uint64_t{7});
  values.set("a.large", uint64_t{1} << 40);
  values.set("a.below", int64_t{-3});
  values.set("a.number", 0.25);
  values.set("a.flag", true);
  values.set("a.flags", std::vector<bool>{true, false, true});
  values.set("a.texts", std::vector<std::string>{"one", "", "three"});
  values.set("a.counts", std::vector<uint64_t>{1, 2});
  values.set("a.far", std::vector<int64_t>{-1, int64_t{1} << 40});
  values.set("a.numbers", std::vector<double>{0.5, -2});
  return values;
}

// Bytes that tell where they belong.
std::vector<std::byte> bytes_of(const GgufTensor& tensor, int first) {
  std::vector<std::byte> bytes(tensor.bytes());
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(first + static_cast<int>(i));
  return bytes;
}

const std::vector<GgufTensor> kTensors = {
    {"odd", tensor::ElementType::f32, {3}},  // does not fill its place
    {"cube", tensor::ElementType::f16, {2, 3, 4}},
    {"blocks", tensor::ElementType::q8_0, {3, 64}},
    {"last", tensor::ElementType::f16, {1}},
};

TEST_F(GgufWriterTest, IsReadAsItWasWritten) {
  auto writer = GgufWriter::create(path_, metadata(), kTensors);
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  for (size_t i = 0; i < kTensors.size(); ++i) {
    const auto bytes = bytes_of(kTensors[i], static_cast<int>(i));
    const std::span<const std::byte> all = bytes;
    ASSERT_TRUE(writer->append(all.first(all.size() / 3)).ok());
    ASSERT_TRUE(writer->append(all.subspan(all.size() / 3)).ok());
  }
  EXPECT_FALSE(fs::exists(path_));
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_EQ(fs::file_size(path_), writer->bytes());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);

  const auto file = ModelFile::open(path_);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ((*file)->metadata().all(), metadata().all());
  ASSERT_EQ((*file)->tensors().size(), kTensors.size());
  for (size_t i = 0; i < kTensors.size(); ++i) {
    const TensorView* tensor = (*file)->find(kTensors[i].name);
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(tensor->type, kTensors[i].type);
    EXPECT_EQ(tensor->shape, kTensors[i].shape);
    EXPECT_EQ(std::vector<std::byte>(tensor->data, tensor->data + tensor->bytes),
              bytes_of(kTensors[i], static_cast<int>(i)));
  }
}

TEST_F(GgufWriterTest, WhatIsNotFinishedIsRemoved) {
  std::ofstream(path_) << "what was there";
  {
    auto writer = GgufWriter::create(path_, metadata(), kTensors);
    ASSERT_TRUE(writer.ok());
    auto second = GgufWriter::create(path_, metadata(), kTensors);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::overloaded);
    ASSERT_TRUE(writer->append(bytes_of(kTensors[0], 0)).ok());
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
  EXPECT_EQ(fs::file_size(path_), 14u);
}

TEST_F(GgufWriterTest, AFullDiskIsTold) {
  const std::vector<GgufTensor> large = {{"large", tensor::ElementType::f32, {1 << 20}}};
  auto writer = GgufWriter::create(path_, metadata(), large);
  ASSERT_TRUE(writer.ok());
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{64 << 10, limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto status = writer->append(bytes_of(large[0], 0));
  setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, before);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::no_space);

  const std::vector<GgufTensor> huge = {{"huge", tensor::ElementType::f32, {uint64_t{1} << 50}}};
  auto none = GgufWriter::create(folder_ / "huge.gguf", metadata(), huge);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::no_space);
  EXPECT_FALSE(fs::exists(folder_ / "huge.gguf.partial"));
}

TEST_F(GgufWriterTest, NoFolderIsTold) {
  auto writer = GgufWriter::create(folder_ / "none" / "x.gguf", metadata(), kTensors);
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace helicon::weights
