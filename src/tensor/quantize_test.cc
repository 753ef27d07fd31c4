#include "tensor/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace helicon::tensor {
namespace {

constexpr size_t kCount = 256 * 64;

std::vector<float> there_and_back(ElementType type, const std::vector<float>& values) {
  const ElementTypeInfo& element = info(type);
  std::vector<std::byte> bytes(values.size() / element.block_elements * element.block_bytes + 1);
  quantize(type, values, bytes.data() + 1);  // at an odd place
  std::vector<float> back(values.size());
  dequantize(type, bytes.data() + 1, back.data(), back.size());
  return back;
}

// Root of the mean square of the difference, of the values'.
double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, magnitude = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(a[i] - b[i], 2);
    magnitude += std::pow(b[i], 2);
  }
  return std::sqrt(difference / magnitude);
}

std::vector<float> random_values(float size, bool heavy, size_t count = kCount) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, size);
  std::student_t_distribution<float> tails(4);
  std::vector<float> values(count);
  for (float& value : values) value = heavy ? size * tails(random) : normal(random);
  return values;
}

// Of blocks: what ggml 0.25.3 loses (ggml_quantize_chunk), and a hundredth of it.
struct Bound {
  ElementType type;
  double normal, heavy;
};
class EachType : public testing::TestWithParam<Bound> {};

TEST_P(EachType, LosesNoMoreThanItsBits) {
  const auto [type, normal, heavy] = GetParam();
  for (const float size : {1e-3f, 1.0f, 50.0f}) {
    const auto even = random_values(size, false), tailed = random_values(size, true);
    EXPECT_LE(relative_error(there_and_back(type, even), even), normal) << size;
    EXPECT_LE(relative_error(there_and_back(type, tailed), tailed), heavy) << size;
  }
}

TEST_P(EachType, ZerosAndConstantsStay) {
  const ElementType type = GetParam().type;
  const std::vector<float> zeros(512, 0.0f), ones(512, 1.0f), below(512, -0.75f);
  EXPECT_EQ(there_and_back(type, zeros), zeros);
  EXPECT_LE(relative_error(there_and_back(type, ones), ones), 6e-3);
  EXPECT_LE(relative_error(there_and_back(type, below), below), 6e-3);
}

TEST_P(EachType, OneLargeValueIsKept) {
  auto values = random_values(0.01f, false, 512);
  values[100] = -3.0f;
  values[300] = 2.0f;
  const auto back = there_and_back(GetParam().type, values);
  EXPECT_NEAR(back[100], -3.0f, 0.03f);
  EXPECT_NEAR(back[300], 2.0f, 0.02f);
}

TEST_P(EachType, WhatItCanSayItSaysAgain) {
  const auto once = there_and_back(GetParam().type, random_values(1, false));
  EXPECT_LE(relative_error(there_and_back(GetParam().type, once), once), GetParam().normal / 2);
}

INSTANTIATE_TEST_SUITE_P(
    All, EachType,
    testing::Values(Bound{ElementType::f32, 0, 0}, Bound{ElementType::f16, 4e-4, 4e-4},
                    Bound{ElementType::bf16, 3e-3, 3e-3}, Bound{ElementType::q8_0, 0.0055, 0.0074},
                    Bound{ElementType::q6_k, 0.0179, 0.0232},
                    Bound{ElementType::q5_k, 0.0364, 0.0443},
                    Bound{ElementType::q4_k, 0.0721, 0.0876}),
    [](const auto& test) { return std::string(tensor::info(test.param.type).name); });

}  // namespace
}  // namespace helicon::tensor
