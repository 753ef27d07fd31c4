#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <limits>

#include "weights/gguf_image.h"
#include "weights/model_file.h"

namespace helicon::weights {
namespace {

namespace fs = std::filesystem;
using tensor::ElementType;

constexpr uint64_t largest = std::numeric_limits<uint64_t>::max();

// A folder of its own for each test, removed at the end.
class GgufFileTest : public testing::Test {
 protected:
  GgufFileTest()
      : folder_(fs::temp_directory_path() / ("helicon_gguf_file_" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~GgufFileTest() override { fs::remove_all(folder_); }

  fs::path path(const std::string& name = "model.gguf") const { return folder_ / name; }

  Result<std::shared_ptr<const ModelFile>> open(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary) << bytes;
    return ModelFile::open(path());
  }

  std::shared_ptr<const ModelFile> opened(const GgufImage& image) const {
    auto file = open(image.bytes());
    EXPECT_TRUE(file.ok()) << file.error().message;
    return std::move(file).value();
  }

  // One line: the file's path, and then what is expected.
  void expect_error(const Result<std::shared_ptr<const ModelFile>>& file, ErrorCode code,
                    const std::string& message, const std::string& name = "model.gguf") const {
    ASSERT_FALSE(file.ok()) << "instead of: " << message;
    EXPECT_EQ(file.error().message, path(name).string() + ": " + message);
    EXPECT_EQ(to_string(file.error().code), to_string(code)) << message;
    EXPECT_EQ(file.error().message.find('\n'), std::string::npos);
  }
  void expect_error(const GgufImage& image, ErrorCode code, const std::string& message) const {
    expect_error(open(image.bytes()), code, message);
  }

  const fs::path folder_;
};

GgufImage small_image() {
  GgufImage image;
  image.key("general.architecture", std::string("llama"));
  image.key("llama.block_count", uint32_t{2});
  image.key("tokens", std::vector<std::string>{"a", "bc", ""});
  image.tensor("matrix", {3, 32}, ElementType::q8_0);
  image.tensor("vector", {5}, ElementType::f32);
  return image;
}

std::string floats(std::initializer_list<float> values) {
  std::string bytes;
  for (const float value : values) bytes += GgufImage::encoded(value);
  return bytes;
}

TEST_F(GgufFileTest, TensorsAreRowMajorViewsIntoTheFile) {
  GgufImage image;
  image.tensor("matrix", {2, 3}, ElementType::f32, floats({1, 2, 3, 4, 5, 6}));
  image.tensor("cube", {2, 4, 32}, ElementType::q4_0);
  image.tensor("half", {3}, ElementType::f16, "abcdef");
  const auto file = opened(image);
  ASSERT_EQ(file->tensors().size(), 3u);
  const TensorView* matrix = file->find("matrix");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(matrix->elements(), 6u);
  ASSERT_EQ(matrix->bytes, 24u);
  EXPECT_EQ(std::memcmp(matrix->data, floats({1, 2, 3, 4, 5, 6}).data(), 24), 0);
  const TensorView* cube = file->find("cube");
  ASSERT_NE(cube, nullptr);
  EXPECT_EQ(cube->type, ElementType::q4_0);
  EXPECT_EQ(cube->shape, (std::vector<uint64_t>{2, 4, 32}));
  EXPECT_EQ(cube->bytes, 8u * 18u);
  const TensorView* half = file->find("half");
  ASSERT_NE(half, nullptr);
  EXPECT_EQ(std::memcmp(half->data, "abcdef", 6), 0);
  EXPECT_EQ(file->find("other"), nullptr);
  EXPECT_EQ(file->file_bytes(), image.bytes().size());
}

// tests/golden/gguf_file.py wrote it with the Python package gguf.
TEST_F(GgufFileTest, AFileOfThePackageGguf) {
  const auto file = ModelFile::open("tests/golden/gguf_file.gguf");
  ASSERT_TRUE(file.ok()) << file.error().message;
  const Metadata& keys = (*file)->metadata();
  EXPECT_EQ(*keys.string("general.architecture"), "llama");
  EXPECT_EQ(*keys.unsigned_integer("general.alignment"), 64u);
  EXPECT_EQ(*keys.unsigned_integer("test.u8"), 200u);
  EXPECT_EQ(*keys.integer_array("test.signed"), (std::vector<int64_t>{-1, 2, -3}));
  EXPECT_EQ(*keys.number("test.f64"), 1e300);
  EXPECT_EQ(*keys.number("test.f32"), 0.25);
  EXPECT_TRUE(*keys.boolean("test.yes"));
  EXPECT_EQ(**keys.string_array("test.words"), (std::vector<std::string>{"", "\xC3\xA9t\xC3\xA9"}));
  const TensorView* matrix = (*file)->find("matrix");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(matrix->data, floats({0, 1, 2, 3, 4, 5}).data(), 24), 0);
  const TensorView* packed = (*file)->find("packed");
  ASSERT_NE(packed, nullptr);
  EXPECT_EQ(packed->type, ElementType::q8_0);
  EXPECT_EQ(packed->shape, (std::vector<uint64_t>{3, 64}));
  std::vector<float> row(64);
  tensor::dequantize(packed->type, packed->data + 2 * 68, row.data(), row.size());
  EXPECT_EQ(row, std::vector<float>(64, 127.0f));
}

TEST_F(GgufFileTest, VersionTwo) {
  GgufImage image = small_image();
  image.version = 2;
  EXPECT_EQ(opened(image)->tensors().size(), 2u);
}

TEST_F(GgufFileTest, AVocabularyWithoutTensors) {
  GgufImage image = small_image();
  image.tensors.clear();
  EXPECT_TRUE(opened(image)->tensors().empty());
}

TEST_F(GgufFileTest, AnotherAlignment) {
  GgufImage image = small_image();
  image.key("general.alignment", uint32_t{4096});
  image.alignment = 4096;
  image.tensors[1].data = floats({1, 2, 3, 4, 5});
  const auto file = opened(image);
  EXPECT_EQ(std::memcmp(file->find("vector")->data, floats({1, 2, 3, 4, 5}).data(), 20), 0);
}

TEST_F(GgufFileTest, CutShortAnywhereItIsRefused) {
  const std::string whole = small_image().bytes();
  ASSERT_TRUE(open(whole).ok());
  for (size_t size = 1; size < whole.size(); ++size) {
    const auto file = open(whole.substr(0, size));
    ASSERT_FALSE(file.ok()) << size << " of " << whole.size();
    EXPECT_EQ(file.error().code, ErrorCode::corrupt) << size;
    EXPECT_TRUE(file.error().message.starts_with(path().string() + ": ")) << file.error().message;
    EXPECT_EQ(file.error().message.find('\n'), std::string::npos);
  }
}

TEST_F(GgufFileTest, WhatIsNoGgufFile) {
  expect_error(open(""), ErrorCode::corrupt, "the file is empty");
  expect_error(open("<!DOCTYPE html><html></html>"), ErrorCode::corrupt,
               "header: no 'GGUF' at the start, so this is no GGUF file");
  expect_error(open("GGUF"), ErrorCode::corrupt,
               "header: reaches past the end of the file, which has 4 bytes");
  fs::remove(path());
  expect_error(ModelFile::open(path()), ErrorCode::not_found, "no such file");
  fs::create_directory(path());
  expect_error(ModelFile::open(path()), ErrorCode::not_found, "is a folder without config.json");
}

TEST_F(GgufFileTest, OtherVersions) {
  GgufImage image = small_image();
  for (const uint32_t version : {0u, 1u, 4u, 0x10003u}) {
    image.version = version;
    expect_error(
        image, ErrorCode::unsupported,
        "header: GGUF version " + std::to_string(version) + " is not supported, only 2 and 3");
  }
  image.version = 0x03000000;
  expect_error(image, ErrorCode::unsupported, "header: big-endian files are not supported");
}

TEST_F(GgufFileTest, CountsThatTheFileCannotHold) {
  GgufImage image;
  image.tensor_count = largest;
  expect_error(
      image, ErrorCode::corrupt,
      "header: claims 18446744073709551615 tensors, more than the remaining 8 bytes can hold");
  image.tensor_count = 0;
  image.key_count = 1;
  expect_error(image, ErrorCode::corrupt,
               "header: claims 1 metadata keys, more than the remaining 0 bytes can hold");
  image.key_count = std::nullopt;

  // An array of 2^61 numbers of 8 bytes: 2^64 bytes, which is 0 in 64 bits.
  image.raw_key("a", 9, GgufImage::encoded(uint32_t{10}) + GgufImage::encoded(uint64_t{1} << 61));
  expect_error(image, ErrorCode::corrupt,
               "metadata key 'a': claims 2305843009213693952 elements, more than the remaining 0 "
               "bytes can hold");
  image.keys.clear();
  image.raw_key(
      "a", 9,
      GgufImage::encoded(uint32_t{8}) + GgufImage::encoded(uint64_t{3}) + std::string(23, '\0'));
  expect_error(image, ErrorCode::corrupt,
               "metadata key 'a': claims 3 elements, more than the remaining 23 bytes can hold");
  image.keys.clear();
  image.raw_key("text", 8, GgufImage::encoded(largest) + "short");
  const std::string size = std::to_string(image.bytes().size());
  expect_error(
      image, ErrorCode::corrupt,
      "metadata key 'text': reaches past the end of the file, which has " + size + " bytes");
}

// The file is large enough to hold what it claims, but no header is that long.
TEST_F(GgufFileTest, HeadersWithoutEnd) {
  constexpr uint64_t length = uint64_t{100} << 20;
  GgufImage image;
  image.raw_key("text", 8, GgufImage::encoded(length));
  image.write(path());
  fs::resize_file(path(), 2 * length);
  expect_error(ModelFile::open(path()), ErrorCode::too_large,
               "metadata key 'text': reaches past the first 67108864 bytes, the limit for headers");
}

TEST_F(GgufFileTest, NamesFitOneLine) {
  GgufImage image;
  image.tensor("bad\n\x1B[31m'\xFF", {1}, ElementType::f32);
  image.tensors[0].type = 99;
  expect_error(image, ErrorCode::unsupported,
               "tensor 'bad\\x0A\\x1B[31m\\x27\\xFF': element type 99 is not supported");
  image.tensors[0].name = std::string(5000, 'x');
  expect_error(image, ErrorCode::unsupported,
               "tensor '" + std::string(100, 'x') + "...': element type 99 is not supported");
}

TEST_F(GgufFileTest, AlignmentsThatMakeNoSense) {
  for (const uint32_t alignment : {0u, 1u, 4u, 24u, 0x80000000u}) {
    GgufImage image = small_image();
    image.key("general.alignment", alignment);
    expect_error(image, ErrorCode::corrupt,
                 "metadata key 'general.alignment' is " + std::to_string(alignment) +
                     ", not a power of two from 8 on");
  }
  GgufImage image = small_image();
  image.key("general.alignment", std::string("32"));
  expect_error(image, ErrorCode::corrupt,
               "metadata key 'general.alignment' is a string, not an unsigned integer");
}

// small_image with its second tensor changed.
struct WrongTensor {
  std::string what;
  void (*change)(GgufImage::Tensor& tensor);
  ErrorCode code;
  std::string message;
};

const WrongTensor wrong_tensors[] = {
    {"no dimensions", [](GgufImage::Tensor& t) { t.shape = {}; }, ErrorCode::corrupt,
     "has 0 dimensions, not 1 to 4"},
    {"five dimensions",
     [](GgufImage::Tensor& t) {
       t.shape = {1, 1, 1, 1, 5};
     },
     ErrorCode::corrupt, "has 5 dimensions, not 1 to 4"},
    {"a dimension of zero",
     [](GgufImage::Tensor& t) {
       t.shape = {5, 0};
     },
     ErrorCode::corrupt, "has a dimension of 0"},
    {"too many elements",
     [](GgufImage::Tensor& t) {
       t.shape = {uint64_t{1} << 32, uint64_t{1} << 32};
     },
     ErrorCode::corrupt, "dimensions overflow 64 bits"},
    {"too many bytes", [](GgufImage::Tensor& t) { t.shape = {uint64_t{1} << 62}; },
     ErrorCode::corrupt, "dimensions overflow 64 bits"},
    {"more than the file has", [](GgufImage::Tensor& t) { t.shape = {uint64_t{1} << 61}; },
     ErrorCode::corrupt,
     "needs 9223372036854775808 bytes at offset 128 of the data, which has 148"},
    {"one more than the file has", [](GgufImage::Tensor& t) { t.shape = {6}; }, ErrorCode::corrupt,
     "needs 24 bytes at offset 128 of the data, which has 148"},
    {"a type of others", [](GgufImage::Tensor& t) { t.type = 20; }, ErrorCode::unsupported,
     "element type IQ4_NL is not supported"},
    {"a type that was withdrawn", [](GgufImage::Tensor& t) { t.type = 4; }, ErrorCode::unsupported,
     "element type 4 is not supported"},
    {"part of a block",
     [](GgufImage::Tensor& t) {
       t.shape = {2, 48};
       t.type = 8;
     },
     ErrorCode::corrupt, "rows of 48 elements are no whole number of Q8_0 blocks of 32"},
    {"an odd offset", [](GgufImage::Tensor& t) { t.offset = 33; }, ErrorCode::corrupt,
     "offset 33 is no multiple of the alignment 32"},
    {"an offset behind the end", [](GgufImage::Tensor& t) { t.offset = 160; }, ErrorCode::corrupt,
     "needs 20 bytes at offset 160 of the data, which has 148"},
    {"an offset that overflows", [](GgufImage::Tensor& t) { t.offset = largest - 31; },
     ErrorCode::corrupt,
     "needs 20 bytes at offset 18446744073709551584 of the data, which has 148"},
    {"no name", [](GgufImage::Tensor& t) { t.name = ""; }, ErrorCode::corrupt, "has an empty name"},
    {"another's name", [](GgufImage::Tensor& t) { t.name = "matrix"; }, ErrorCode::corrupt,
     "appears twice"},
};

TEST_F(GgufFileTest, TensorsThatMakeNoSense) {
  for (const WrongTensor& wrong : wrong_tensors) {
    SCOPED_TRACE(wrong.what);
    GgufImage image = small_image();
    wrong.change(image.tensors[1]);
    const std::string name = image.tensors[1].name;
    const std::string called = name.empty() ? "tensor 2 of 2" : "tensor '" + name + "'";
    expect_error(image, wrong.code, called + ": " + wrong.message);
  }
}

TEST_F(GgufFileTest, TensorsThatOverlap) {
  for (const uint64_t offset : {0u, 32u, 96u}) {
    GgufImage image = small_image();
    image.tensors[1].offset = offset;
    // Of two that begin together either may come first.
    const auto file = open(image.bytes());
    ASSERT_FALSE(file.ok()) << offset;
    EXPECT_EQ(file.error().code, ErrorCode::corrupt);
    EXPECT_TRUE(file.error().message.ends_with("tensor 'matrix': overlaps tensor 'vector'") ||
                file.error().message.ends_with("tensor 'vector': overlaps tensor 'matrix'"))
        << file.error().message;
  }
}

TEST_F(GgufFileTest, ReleasedTensorsCanBeReadAgain) {
  GgufImage image;
  image.tensor("large", {64, 1024}, ElementType::f16, std::string(2 * 64 * 1024, 'x'));
  const auto file = opened(image);
  const TensorView* large = file->find("large");
  file->release({large->data, large->bytes});
  EXPECT_EQ(static_cast<char>(file->find("large")->data[100000]), 'x');
  EXPECT_TRUE(file->intact());
}

TEST_F(GgufFileTest, CutShortWhileOpenItLivesOnAndTells) {
  GgufImage image;
  image.tensor("large", {64, 1024}, ElementType::f16, std::string(2 * 64 * 1024, 'x'));
  const auto file = opened(image);
  ASSERT_TRUE(file->intact());
  fs::resize_file(path(), 100);
  EXPECT_EQ(static_cast<char>(
                *static_cast<const volatile std::byte*>(file->find("large")->data + 100000)),
            '\0');
  EXPECT_FALSE(file->intact());
}

}  // namespace
}  // namespace helicon::weights
