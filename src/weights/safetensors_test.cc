#include "weights/safetensors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <string>

#include "weights/safetensors_image.h"

namespace helicon::weights {
namespace {

using tensor::ElementType;

Result<std::vector<TensorView>> read(const std::string& image) {
  return read_safetensors(std::as_bytes(std::span(image)), "a.safetensors");
}
Result<std::vector<TensorView>> read(std::string_view header, size_t data_bytes) {
  static std::string image;  // views point into it
  image = safetensors_image(header, std::string(data_bytes, '\1'));
  return read(image);
}

void expect_error(const Result<std::vector<TensorView>>& tensors, ErrorCode code,
                  std::string_view said) {
  ASSERT_FALSE(tensors.ok()) << "instead of: " << said;
  const std::string& message = tensors.error().message;
  EXPECT_EQ(to_string(tensors.error().code), to_string(code)) << message;
  EXPECT_NE(message.find(said), std::string::npos) << message;
  EXPECT_TRUE(message.starts_with("a.safetensors: ")) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(Safetensors, TensorsOfAllTypes) {
  const auto tensors = read(R"({"__metadata__":{"format":"pt"},)"
                            R"("b":{"dtype":"BF16","shape":[3],"data_offsets":[24,30]},)"
                            R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                            R"("scalar":{"dtype":"F16","shape":[],"data_offsets":[30,32]}}   )",
                            32);
  ASSERT_TRUE(tensors.ok()) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 3u);
  const auto& [a, b, scalar] = std::tie((*tensors)[0], (*tensors)[1], (*tensors)[2]);
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.type, ElementType::f32);
  EXPECT_EQ(a.shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(a.bytes, 24u);
  EXPECT_EQ(b.type, ElementType::bf16);
  EXPECT_EQ(b.data, a.data + 24);
  EXPECT_EQ(scalar.type, ElementType::f16);
  EXPECT_EQ(scalar.shape, (std::vector<uint64_t>{1}));
}

TEST(Safetensors, FilesWithoutAHeader) {
  expect_error(read(std::string()), ErrorCode::corrupt, "has 0 bytes");
  expect_error(read(std::string("\1\0\0", 3)), ErrorCode::corrupt, "has 3 bytes");
  expect_error(read(std::string("\3\0\0\0\0\0\0\0{}", 10)), ErrorCode::corrupt,
               "claims a header of 3 bytes; 2 follow");
  expect_error(read(std::string(16, '\xFF')), ErrorCode::corrupt, "claims a header of");
  expect_error(read("", 0), ErrorCode::corrupt, "has no header in JSON");
  expect_error(read(" {}", 0), ErrorCode::corrupt, "has no header in JSON");
  expect_error(read("{]", 0), ErrorCode::corrupt, "is no JSON");
  expect_error(read("{} {}", 0), ErrorCode::corrupt, "goes on behind its JSON");
  expect_error(read("{\xFF", 0), ErrorCode::corrupt, "is no JSON");
  EXPECT_TRUE(read("{}", 0).ok());
  expect_error(read("{}", 1), ErrorCode::corrupt, "1 bytes at the end belong to no tensor");
}

TEST(Safetensors, HeadersThatAreBombs) {
  expect_error(read("{\"a\":" + std::string(100000, '['), 0), ErrorCode::too_large, "nested");
  std::string many = "{\"a\":[0";
  for (size_t i = 0; i < (1u << 20); ++i) many += ",0";
  expect_error(read(many + "]}", 0), ErrorCode::too_large, "has more than 1048576 values");
  expect_error(read("{" + std::string((size_t{32} << 20) + 1, ' ') + "}", 0), ErrorCode::too_large,
               "at most 33554432 are read");
}

TEST(Safetensors, NamesThatAppearTwice) {
  const std::string entry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  expect_error(read(fmt::format(R"({{"a":{0},"a":{0}}})", entry), 4), ErrorCode::corrupt,
               "key 'a' appears twice");
  expect_error(read(R"({"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})", 4),
               ErrorCode::corrupt, "key 'shape' appears twice");
  expect_error(read(fmt::format(R"({{"a\n":{0},"a\u000a":{0}}})", entry), 4), ErrorCode::corrupt,
               "appears twice");
}

// One tensor's entry and what is wrong with it, in a file with eight bytes of data.
TEST(Safetensors, EntriesThatContradict) {
  struct Case {
    const char* entry;
    ErrorCode code;
    const char* said;
  };
  const Case cases[] = {
      {"1", ErrorCode::corrupt, "is no JSON object"},
      {"{}", ErrorCode::corrupt, "has no 'dtype'"},
      {R"({"dtype":1,"shape":[2],"data_offsets":[0,8]})", ErrorCode::corrupt, "has no 'dtype'"},
      {R"({"dtype":"F8_E5M2","shape":[8],"data_offsets":[0,8]})", ErrorCode::unsupported,
       "is 'F8_E5M2'; supported are F32, F16, BF16, F8_E4M3 and U8"},
      {R"({"dtype":"F32","data_offsets":[0,8]})", ErrorCode::corrupt, "has no 'shape'"},
      {R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]})", ErrorCode::corrupt,
       "has no 'shape' of at most 8 numbers"},
      {R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})", ErrorCode::corrupt, "'shape'"},
      {R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})", ErrorCode::corrupt, "'shape'"},
      {R"({"dtype":"F32","shape":["2"],"data_offsets":[0,8]})", ErrorCode::corrupt, "'shape'"},
      {R"({"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]})", ErrorCode::corrupt,
       "'shape'"},
      {R"({"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]})",
       ErrorCode::corrupt, "dimensions that overflow 64 bits"},
      {R"({"dtype":"F32","shape":[0],"data_offsets":[0,0]})", ErrorCode::unsupported,
       "has a dimension of 0"},
      {R"({"dtype":"F32","shape":[2]})", ErrorCode::corrupt, "has no 'data_offsets'"},
      {R"({"dtype":"F32","shape":[2],"data_offsets":[0]})", ErrorCode::corrupt,
       "has no two 'data_offsets'"},
      {R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})", ErrorCode::corrupt,
       "lies at bytes 8 to 0 of the data, which has 8"},
      {R"({"dtype":"F32","shape":[3],"data_offsets":[0,12]})", ErrorCode::corrupt,
       "lies at bytes 0 to 12 of the data, which has 8"},
      {R"({"dtype":"F32","shape":[2],"data_offsets":[9223372036854775800,9223372036854775807]})",
       ErrorCode::corrupt, "of the data, which has 8"},
      {R"({"dtype":"F32","shape":[1],"data_offsets":[0,8]})", ErrorCode::corrupt,
       "has 8 bytes, but its shape takes 4"},
      {R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", ErrorCode::corrupt,
       "4 bytes at the end belong to no tensor"},
      {R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})", ErrorCode::corrupt,
       "begins at byte 4 of the data, 4 bytes behind the last one"},
  };
  for (const Case& one : cases)
    expect_error(read(fmt::format(R"({{"t":{}}})", one.entry), 8), one.code, one.said);
}

TEST(Safetensors, OverlapsAndNames) {
  expect_error(read(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                    R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                    8),
               ErrorCode::corrupt, "tensor 'b' begins at byte 4 of the data, where another one");
  expect_error(read(R"({"":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8),
               ErrorCode::corrupt, "has an empty name");
  expect_error(read(R"({"a\n\u001b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", 8),
               ErrorCode::unsupported, "tensor 'a\\x0A\\x1B' is 'I64'");
}

}  // namespace
}  // namespace helicon::weights
