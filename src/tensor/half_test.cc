#include "tensor/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace helicon::tensor {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// The definition of IEEE 754 binary16, by arithmetic.
float by_definition(uint16_t half) {
  const int exponent = (half >> 10) & 0x1F;
  const int fraction = half & 0x3FF;
  float magnitude = 0;
  if (exponent == 31) {
    magnitude = fraction == 0 ? infinity : std::numeric_limits<float>::quiet_NaN();
  } else {
    magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                              : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  }
  return std::copysign(magnitude, (half & 0x8000) != 0 ? -1.0f : 1.0f);
}

TEST(Half, EveryHalfHasItsValueAndComesBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const uint16_t half = static_cast<uint16_t>(bits);
    const float value = f16_to_f32(half);
    if (std::isnan(by_definition(half))) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_EQ(f32_to_f16(value), half | 0x200) << bits;  // quiet, with its payload
      continue;
    }
    ASSERT_EQ(std::bit_cast<uint32_t>(value), std::bit_cast<uint32_t>(by_definition(half))) << bits;
    ASSERT_EQ(f32_to_f16(value), half) << bits;
  }
}

// Between each two neighbours: the middle goes to the even one, and a hair beside it to the nearer.
TEST(Half, RoundsToTheNearestAndTiesToEven) {
  for (uint16_t lower = 0; lower < 0x7C00; ++lower) {
    const uint16_t upper = static_cast<uint16_t>(lower + 1);
    // Beyond the largest half lies 65536, where infinity takes over.
    const float upper_value = upper == 0x7C00 ? 65536.0f : f16_to_f32(upper);
    const float middle = (f16_to_f32(lower) + upper_value) / 2;
    const uint16_t even = lower % 2 == 0 ? lower : upper;
    for (const float sign : {1.0f, -1.0f}) {
      const uint16_t sign_bit = sign < 0 ? 0x8000 : 0;
      ASSERT_EQ(f32_to_f16(sign * middle), sign_bit | even) << lower;
      ASSERT_EQ(f32_to_f16(sign * std::nextafter(middle, 0.0f)), sign_bit | lower) << lower;
      ASSERT_EQ(f32_to_f16(sign * std::nextafter(middle, infinity)), sign_bit | upper) << lower;
    }
  }
}

TEST(Half, TheSmallestFloatsBecomeZeroAndTheLargestInfinity) {
  EXPECT_EQ(f32_to_f16(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(f32_to_f16(-std::numeric_limits<float>::min()), 0x8000);
  EXPECT_EQ(f32_to_f16(std::numeric_limits<float>::max()), 0x7C00);
  EXPECT_EQ(f32_to_f16(-infinity), 0xFC00);
  EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(std::bit_cast<float>(0x7F800001u)))));
}

TEST(BrainFloat, EveryOneComesBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const uint16_t brain = static_cast<uint16_t>(bits);
    const float value = bf16_to_f32(brain);
    ASSERT_EQ(f32_to_bf16(value), std::isnan(value) ? brain | 0x40 : brain) << bits;
  }
}

TEST(BrainFloat, RoundsToTheNearestAndTiesToEven) {
  for (uint16_t lower = 0; lower < 0x7F80; ++lower) {
    const uint16_t upper = static_cast<uint16_t>(lower + 1);
    // By bits: floats of one sign are ordered as these are, and the middle of two lies half way.
    const uint32_t middle = (static_cast<uint32_t>(lower) << 16) + 0x8000u;
    const uint16_t even = lower % 2 == 0 ? lower : upper;
    ASSERT_EQ(f32_to_bf16(std::bit_cast<float>(middle)), even) << lower;
    ASSERT_EQ(f32_to_bf16(std::bit_cast<float>(middle - 1)), lower) << lower;
    ASSERT_EQ(f32_to_bf16(std::bit_cast<float>(middle + 1)), upper) << lower;
  }
}

TEST(BrainFloat, NanStaysNanWhenItsPayloadIsCutOff) {
  const uint16_t brain = f32_to_bf16(std::bit_cast<float>(0xFF800001u));
  EXPECT_TRUE(std::isnan(bf16_to_f32(brain)));
  EXPECT_EQ(brain, 0xFFC0);
}

// Micikevicius et al., FP8 Formats for Deep Learning, table 1.
TEST(EightBits, EachHasItsValue) {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const float value = f8_to_f32(static_cast<uint8_t>(byte));
    const uint32_t exponent = (byte >> 3) & 0xF, fraction = byte & 0x7;
    if (exponent == 15 && fraction == 7) {
      EXPECT_TRUE(std::isnan(value)) << byte;
      continue;
    }
    const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -9)
                                          : std::ldexp(static_cast<float>(8 + fraction),
                                                       static_cast<int>(exponent) - 10);
    EXPECT_EQ(std::bit_cast<uint32_t>(value),
              std::bit_cast<uint32_t>(byte & 0x80 ? -magnitude : magnitude))
        << byte;
  }
  EXPECT_EQ(f8_to_f32(0x7E), 448.0f);
}

// OCP Microscaling Formats 1.0, table 5: the exponent's bias is 1.
TEST(FourBits, EachHasItsValue) {
  for (int bits = 0; bits < 16; ++bits) {
    const int exponent = (bits >> 1) & 3, fraction = bits & 1;
    const float magnitude = exponent == 0
                                ? 0.5f * static_cast<float>(fraction)
                                : std::ldexp(1 + 0.5f * static_cast<float>(fraction), exponent - 1);
    EXPECT_EQ(static_cast<float>(kF4Halves[bits]) / 2, bits & 8 ? -magnitude : magnitude) << bits;
  }
}

}  // namespace
}  // namespace helicon::tensor
