// Conversions between 32-bit floats and the two 16-bit kinds, IEEE half (f16) and bfloat16, and
// from those of 8 and 4 bits.
#pragma once

#include <bit>
#include <cstdint>

namespace helicon::tensor {

// All are exact where the target can hold the value (subnormals included), round to the nearest and
// ties to even where it cannot, and overflow to infinity. Signalling NaNs become quiet, except
// where bfloat16 is only widened. f16 is bit for bit what x86 F16C computes.

// Layout: sign 1, exponent 5 (bias 15), fraction 10.
constexpr float f16_to_f32(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1Fu;
  const uint32_t fraction = half & 0x3FFu;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24, exact in 32 bits
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  if (exponent == 31) {
    const uint32_t quiet = fraction != 0 ? 0x00400000u : 0u;
    return std::bit_cast<float>(sign | 0x7F800000u | quiet | (fraction << 13));
  }
  return std::bit_cast<float>(sign | ((exponent + 127 - 15) << 23) | (fraction << 13));
}

constexpr uint16_t f32_to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  uint32_t half = 0;
  if (magnitude > 0x7F800000u) {  // NaN
    half = 0x7E00u | ((magnitude >> 13) & 0x3FFu);
  } else if (magnitude >=
             0x477FF000u) {  // 65520 and more are nearer to 2^16 than to the largest half
    half = 0x7C00u;
  } else if (magnitude < 0x38800000u) {  // below 2^-14: subnormal
    // Adding 0.5 aligns the fraction so that the float addition does the rounding.
    const float aligned = std::bit_cast<float>(magnitude) + 0.5f;
    half = std::bit_cast<uint32_t>(aligned) - 0x3F000000u;
  } else {
    const uint32_t round_up = 0xFFFu + ((magnitude >> 13) & 1u);
    half = (magnitude + round_up - ((127u - 15u) << 23)) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}

// The upper half of a 32-bit float.
constexpr float bf16_to_f32(uint16_t brain) {
  return std::bit_cast<float>(static_cast<uint32_t>(brain) << 16);
}

constexpr uint16_t f32_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

// The bits of a half that is 1/256 of an E4M3 number: the same fields, exponents 8 apart.
constexpr uint16_t f8_to_half_bits(uint8_t byte) {
  const uint32_t magnitude = byte & 0x7Fu;
  const uint32_t half = magnitude == 0x7F ? 0x7E00u : magnitude << 7;  // the one that is no number
  return static_cast<uint16_t>((byte & 0x80u) << 8 | half);
}
constexpr float f8_to_f32(uint8_t byte) { return f16_to_f32(f8_to_half_bits(byte)) * 256.0f; }

// Twice the sixteen E2M1 numbers.
inline constexpr int8_t kF4Halves[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace helicon::tensor
