#include "weights/gguf_metadata.h"

#include <gtest/gtest.h>

#include <limits>
#include <span>

#include "weights/gguf_image.h"

namespace helicon::weights {
namespace {

constexpr uint64_t largest = std::numeric_limits<uint64_t>::max();

// The keys of the image, as a file of nothing else.
Result<Metadata> read_keys(const GgufImage& image) {
  std::string bytes;
  for (const std::string& key : image.keys) bytes += key;
  ByteCursor cursor("keys", std::as_bytes(std::span(bytes)), bytes.size());
  return read_metadata(cursor, image.keys.size());
}

void expect_error(const GgufImage& image, ErrorCode code, const std::string& message) {
  const auto read = read_keys(image);
  ASSERT_FALSE(read.ok()) << "instead of: " << message;
  EXPECT_EQ(read.error().message, "keys: " + message);
  EXPECT_EQ(to_string(read.error().code), to_string(code)) << message;
}

TEST(GgufMetadata, KeysOfEveryType) {
  GgufImage image;
  image.key("u8", uint8_t{255}).key("u16", uint16_t{65535}).key("u32", uint32_t{4294967295});
  image.key("u64", largest).key("i8", int8_t{-128}).key("i16", int16_t{-32768});
  image.key("i32", int32_t{-2147483647}).key("i64", std::numeric_limits<int64_t>::min());
  image.key("f32", 0.1f).key("f64", 0.1).key("yes", true).key("no", false);
  image.key("text", std::string("zero \0 within", 13));
  image.key("numbers", std::vector<uint16_t>{1, 65535}).key("signed", std::vector<int8_t>{-1, 1});
  image.key("reals", std::vector<float>{0.5f}).key("flags", std::vector<bool>{true, false, true});
  image.key("texts", std::vector<std::string>{"", "b"}).key("none", std::vector<int32_t>{});
  const auto read = read_keys(image);
  ASSERT_TRUE(read.ok()) << read.error().message;
  const Metadata& keys = *read;
  EXPECT_EQ(keys.all().size(), 19u);
  const auto expect = [&keys](const char* key, const MetadataValue& value) {
    ASSERT_TRUE(keys.contains(key)) << key;
    EXPECT_TRUE(*keys.find(key) == value) << key;
  };
  expect("u8", uint64_t{255});
  expect("u16", uint64_t{65535});
  expect("u32", uint64_t{4294967295});
  expect("u64", largest);
  expect("i8", int64_t{-128});
  expect("i16", int64_t{-32768});
  expect("i32", int64_t{-2147483647});
  expect("i64", std::numeric_limits<int64_t>::min());
  expect("f32", double{0.1f});
  expect("f64", 0.1);
  expect("yes", true);
  expect("no", false);
  expect("text", std::string("zero \0 within", 13));
  expect("numbers", std::vector<uint64_t>{1, 65535});
  expect("signed", std::vector<int64_t>{-1, 1});
  expect("reals", std::vector<double>{0.5});
  expect("flags", std::vector<bool>{true, false, true});
  expect("texts", std::vector<std::string>{"", "b"});
  expect("none", std::vector<int64_t>{});
}

struct WrongValue {
  uint32_t type;
  std::string value;
  ErrorCode code;
  std::string message;
};

const WrongValue wrong_values[] = {
    {7, "\2", ErrorCode::corrupt, "a boolean is 0 or 1, this one is 2"},
    {13, "", ErrorCode::corrupt, "there is no value type 13"},
    {9, GgufImage::encoded(uint32_t{99}), ErrorCode::corrupt,
     "an array of type 99, which does not exist"},
    {9, GgufImage::encoded(uint32_t{9}), ErrorCode::unsupported,
     "arrays of arrays are not supported"},
};

TEST(GgufMetadata, ValuesThatMakeNoSense) {
  for (const WrongValue& wrong : wrong_values) {
    GgufImage image;
    image.raw_key("k", wrong.type, wrong.value);
    expect_error(image, wrong.code, "metadata key 'k': " + wrong.message);
  }
}

TEST(GgufMetadata, EachKeyHasANameOfItsOwn) {
  GgufImage image;
  image.key("a", uint32_t{1}).key("b", uint32_t{1}).key("a", std::string("text"));
  expect_error(image, ErrorCode::corrupt, "metadata key 'a': appears twice");
  image.keys.pop_back();
  image.key("", uint32_t{1});
  expect_error(image, ErrorCode::corrupt, "metadata key 3 of 3: has an empty name");
}

}  // namespace
}  // namespace helicon::weights
