#include "tensor/element_type.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tensor/half.h"

namespace helicon::tensor {
namespace {

// A line of tests/golden/dequantize.txt, which tests/golden/dequantize.py writes.
struct Golden {
  std::string action;  // "decode" or "encode"
  std::string type;
  std::vector<std::byte> source;
  std::vector<std::byte> target;
};

std::vector<std::byte> from_hexadecimal(const std::string& text) {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::vector<Golden> golden(const std::string& action) {
  std::vector<Golden> lines;
  std::ifstream file("tests/golden/dequantize.txt");
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    Golden one;
    std::string source;
    std::string target;
    line >> one.action >> one.type >> source >> target;
    one.source = from_hexadecimal(source);
    one.target = from_hexadecimal(target);
    if (one.action == action) lines.push_back(one);
  }
  return lines;
}

template <typename T>
std::vector<T> values_of(const std::vector<std::byte>& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

std::map<std::string, ElementTypeInfo> types_by_name() {
  std::map<std::string, ElementTypeInfo> types;
  for (uint32_t number = 0; number < 100; ++number) {
    if (const auto type = element_type_info(number)) types.emplace(type->name, *type);
  }
  return types;
}

TEST(ElementType, ThirteenTypesAreKnown) {
  EXPECT_EQ(types_by_name().size(), 13u);
  const auto q4_k = element_type_info(12);
  ASSERT_TRUE(q4_k.has_value());
  EXPECT_EQ(q4_k->type, ElementType::q4_k);
  EXPECT_EQ(q4_k->name, "Q4_K");
  EXPECT_EQ(q4_k->block_elements, 256u);
  EXPECT_EQ(q4_k->block_bytes, 144u);
  EXPECT_EQ(&info(ElementType::q4_k), &info(ElementType::q4_k));
  EXPECT_EQ(info(ElementType::bf16).name, "BF16");
}

TEST(ElementType, OthersAreNamed) {
  EXPECT_FALSE(element_type_info(17).has_value());
  EXPECT_FALSE(element_type_info(4).has_value());
  EXPECT_EQ(element_type_name(17), "IQ2_XS");
  EXPECT_EQ(element_type_name(14), "Q6_K");
  EXPECT_EQ(element_type_name(4294967295u), "4294967295");
}

// The bits of a NaN are the processor's business; all else must be equal.
void expect_same(const std::vector<float>& ours, const std::vector<float>& theirs,
                 const std::string& what) {
  ASSERT_EQ(ours.size(), theirs.size()) << what;
  for (size_t i = 0; i < ours.size(); ++i) {
    if (std::isnan(ours[i]) && std::isnan(theirs[i])) continue;
    ASSERT_EQ(std::bit_cast<uint32_t>(ours[i]), std::bit_cast<uint32_t>(theirs[i]))
        << what << ", element " << i << ": " << ours[i] << " and " << theirs[i];
  }
}

TEST(Dequantize, GivesWhatThePackageGgufGives) {
  std::map<std::string, int> seen;
  const auto types = types_by_name();
  for (const Golden& line : golden("decode")) {
    const auto type = types.find(line.type);
    ASSERT_NE(type, types.end()) << line.type;
    const std::vector<float> theirs = values_of<float>(line.target);
    std::vector<float> ours(theirs.size());
    // One byte off, as `source` may have any alignment.
    std::vector<std::byte> shifted(line.source.size() + 1);
    std::copy(line.source.begin(), line.source.end(), shifted.begin() + 1);
    dequantize(type->second.type, shifted.data() + 1, ours.data(), ours.size());
    expect_same(ours, theirs, line.type + " line " + std::to_string(++seen[line.type]));
  }
  EXPECT_EQ(seen.size(), types.size());
}

TEST(Dequantize, BlocksFollowEachOther) {
  std::map<std::string, std::pair<std::vector<std::byte>, std::vector<float>>> rows;
  for (const Golden& line : golden("decode")) {
    auto& [source, values] = rows[line.type];
    source.insert(source.end(), line.source.begin(), line.source.end());
    const auto more = values_of<float>(line.target);
    values.insert(values.end(), more.begin(), more.end());
  }
  for (const auto& [name, type] : types_by_name()) {
    const auto& [source, theirs] = rows[name];
    EXPECT_EQ(source.size() / type.block_bytes * type.block_elements, theirs.size()) << name;
    std::vector<float> ours(theirs.size());
    dequantize(type.type, source.data(), ours.data(), ours.size());
    expect_same(ours, theirs, name);
  }
}

TEST(Half, RoundsAsThePackageGgufDoes) {
  const auto lines = golden("encode");
  ASSERT_EQ(lines.size(), 2u);
  for (const Golden& line : lines) {
    const auto floats = values_of<float>(line.source);
    const auto theirs = values_of<uint16_t>(line.target);
    ASSERT_EQ(floats.size(), theirs.size());
    for (size_t i = 0; i < floats.size(); ++i) {
      const uint16_t ours = line.type == "F16" ? f32_to_f16(floats[i]) : f32_to_bf16(floats[i]);
      EXPECT_EQ(ours, theirs[i]) << line.type << " of " << floats[i];
    }
  }
}

}  // namespace
}  // namespace helicon::tensor
