// The quantised blocks of GGUF, byte for byte as they lie in a file (little-endian).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace helicon::tensor {

static_assert(std::endian::native == std::endian::little, "blocks are read in place");

// Scales and minima named f16 are IEEE halves; read them with f16_to_f32 (tensor/half.h).
using F16 = uint16_t;

// 32 elements with one scale. Packed nibbles hold element i low and element i + 16 high.

// value = scale * (q - 8), q in 0..15
struct BlockQ4_0 {
  static constexpr size_t elements = 32;
  F16 scale;
  uint8_t nibbles[16];
};

// value = scale * q + minimum
struct BlockQ4_1 {
  static constexpr size_t elements = 32;
  F16 scale;
  F16 minimum;
  uint8_t nibbles[16];
};

// value = scale * (q - 16), q in 0..31; bit i of high_bits is bit 4 of element i
struct BlockQ5_0 {
  static constexpr size_t elements = 32;
  F16 scale;
  uint8_t high_bits[4];
  uint8_t nibbles[16];
};

// value = scale * q + minimum
struct BlockQ5_1 {
  static constexpr size_t elements = 32;
  F16 scale;
  F16 minimum;
  uint8_t high_bits[4];
  uint8_t nibbles[16];
};

// value = q * scale
struct BlockQ8_0 {
  static constexpr size_t elements = 32;
  F16 scale;
  int8_t values[32];
};

// 256 elements ("K"): groups of 16 or 32 whose scales are themselves quantised.

// Groups of 16: value = (scale * s) * q - (minimum * m), q in 0..3. scales[group] holds s low and
// m high. Elements go in halves of 128; of a half, byte i holds elements i, i + 32, i + 64, i + 96.
struct BlockQ2K {
  static constexpr size_t elements = 256;
  uint8_t scales[16];
  uint8_t crumbs[64];
  F16 scale;
  F16 minimum;
};

// Groups of 16: value = (scale * s) * (q - 4), q in 0..7 and s in -32..31. The low two bits lie as
// in BlockQ2K; bit g of high_bits[i] is bit 2 of element 32 * g + i. Scales: see unpack_scales.
struct BlockQ3K {
  static constexpr size_t elements = 256;
  uint8_t high_bits[32];
  uint8_t crumbs[64];
  uint8_t scales[12];
  F16 scale;
};

// Groups of 32: value = (scale * s) * q - (minimum * m), q in 0..15. Elements go in quarters of 64;
// of a quarter, byte i holds element i low and i + 32 high. Scales: see unpack_scales_and_minima.
struct BlockQ4K {
  static constexpr size_t elements = 256;
  F16 scale;
  F16 minimum;
  uint8_t scales[12];
  uint8_t nibbles[128];
};

// As BlockQ4K with q in 0..31; bit g of high_bits[i] is bit 4 of element 32 * g + i.
struct BlockQ5K {
  static constexpr size_t elements = 256;
  F16 scale;
  F16 minimum;
  uint8_t scales[12];
  uint8_t high_bits[32];
  uint8_t nibbles[128];
};

// Groups of 16: value = (scale * s) * (q - 32), q in 0..63. Elements go in halves of 128; of a
// half, nibble byte i (of 64) holds the low four bits of elements i and i + 64, and crumb byte i
// (of 32) the high two of elements i, i + 32, i + 64, i + 96.
struct BlockQ6K {
  static constexpr size_t elements = 256;
  uint8_t nibbles[128];
  uint8_t crumbs[64];
  int8_t scales[16];
  F16 scale;
};

static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22);
static_assert(sizeof(BlockQ5_1) == 24 && sizeof(BlockQ8_0) == 34 && sizeof(BlockQ2K) == 84);
static_assert(sizeof(BlockQ3K) == 110 && sizeof(BlockQ4K) == 144 && sizeof(BlockQ5K) == 176);
static_assert(sizeof(BlockQ6K) == 210);

// The sixteen 6-bit scales of a BlockQ3K, less their offset of 32. Scale g has its low four bits in
// byte g % 8 (low nibble for g < 8, else high) and its high two in byte 8 + g % 4, at bit 2 * (g /
// 4).
inline std::array<int8_t, 16> unpack_scales(const uint8_t (&packed)[12]) {
  std::array<int8_t, 16> scales;
  for (size_t group = 0; group < 16; ++group) {
    const int low = (packed[group % 8] >> (group < 8 ? 0 : 4)) & 0x0F;
    const int high = (packed[8 + group % 4] >> (2 * (group / 4))) & 0x03;
    scales[group] = static_cast<int8_t>((low | (high << 4)) - 32);
  }
  return scales;
}

struct ScalesAndMinima {
  std::array<uint8_t, 8> scales;
  std::array<uint8_t, 8> minima;
};

// The eight 6-bit scales and minima of a BlockQ4K or BlockQ5K. The first four of each are the low
// six bits of bytes 0..3 and 4..7; the others have their low four bits in bytes 8..11 (scale low,
// minimum high) and their high two where the first four leave room.
inline ScalesAndMinima unpack_scales_and_minima(const uint8_t (&packed)[12]) {
  ScalesAndMinima out;
  for (size_t i = 0; i < 4; ++i) {
    out.scales[i] = packed[i] & 0x3F;
    out.minima[i] = packed[i + 4] & 0x3F;
    out.scales[i + 4] = static_cast<uint8_t>((packed[i + 8] & 0x0F) | ((packed[i] >> 6) << 4));
    out.minima[i + 4] = static_cast<uint8_t>((packed[i + 8] >> 4) | ((packed[i + 4] >> 6) << 4));
  }
  return out;
}

}  // namespace helicon::tensor
