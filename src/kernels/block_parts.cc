#include "kernels/block_parts.h"

#include <algorithm>
#include <cstring>

#include "tensor/blocks.h"
#include "tensor/half.h"

namespace helicon::kernels {
namespace {

using tensor::ElementType;

// Element i low, element i + 16 high.
template <size_t Count>
void put_nibbles(const uint8_t (&nibbles)[Count], int* quant) {
  for (size_t i = 0; i < Count; ++i) {
    quant[i] = nibbles[i] & 15;
    quant[i + Count] = nibbles[i] >> 4;
  }
}

void put_fifth_bits(const uint8_t (&high_bits)[4], int* quant) {
  for (size_t i = 0; i < 32; ++i) quant[i] |= (high_bits[i / 8] >> (i % 8) & 1) << 4;
}

// d (q - offset) = d q + (-offset d): exact, as the offsets are powers of two.
uint16_t minimum_of(uint16_t scale, float offset) {
  return tensor::f32_to_f16(-offset * tensor::f16_to_f32(scale));
}

void read(const tensor::BlockQ4_0& block, BlockParts& parts) {
  parts.scale = block.scale;
  parts.minimum = minimum_of(block.scale, 8);
  put_nibbles(block.nibbles, parts.quant.data());
}

void read(const tensor::BlockQ4_1& block, BlockParts& parts) {
  parts.scale = block.scale;
  parts.minimum = block.minimum;
  put_nibbles(block.nibbles, parts.quant.data());
}

void read(const tensor::BlockQ5_0& block, BlockParts& parts) {
  parts.scale = block.scale;
  parts.minimum = minimum_of(block.scale, 16);
  put_nibbles(block.nibbles, parts.quant.data());
  put_fifth_bits(block.high_bits, parts.quant.data());
}

void read(const tensor::BlockQ5_1& block, BlockParts& parts) {
  parts.scale = block.scale;
  parts.minimum = block.minimum;
  put_nibbles(block.nibbles, parts.quant.data());
  put_fifth_bits(block.high_bits, parts.quant.data());
}

void read(const tensor::BlockQ8_0& block, BlockParts& parts) {
  parts.scale = block.scale;
  std::copy(std::begin(block.values), std::end(block.values), parts.quant.begin());
}

// What Q4_K and Q5_K have in common: scales, and nibbles in quarters of 64.
template <typename Block>
void read_quarters(const Block& block, BlockParts& parts) {
  parts.scale = block.scale;
  parts.minimum = block.minimum;
  const tensor::ScalesAndMinima groups = tensor::unpack_scales_and_minima(block.scales);
  std::copy(groups.scales.begin(), groups.scales.end(), parts.block_scale.begin());
  std::copy(groups.minima.begin(), groups.minima.end(), parts.block_minimum.begin());
  for (size_t quarter = 0; quarter < 4; ++quarter)
    for (size_t i = 0; i < 32; ++i) {
      const uint8_t byte = block.nibbles[32 * quarter + i];
      parts.quant[64 * quarter + i] = byte & 15;
      parts.quant[64 * quarter + 32 + i] = byte >> 4;
    }
}

void read(const tensor::BlockQ4K& block, BlockParts& parts) { read_quarters(block, parts); }

void read(const tensor::BlockQ5K& block, BlockParts& parts) {
  read_quarters(block, parts);
  for (size_t group = 0; group < 8; ++group)
    for (size_t i = 0; i < 32; ++i)
      parts.quant[32 * group + i] |= (block.high_bits[i] >> group & 1) << 4;
}

void read(const tensor::BlockQ3K& block, BlockParts& parts) {
  parts.scale = block.scale;
  const auto scales = tensor::unpack_scales(block.scales);
  std::copy(scales.begin(), scales.end(), parts.block_scale.begin());
  for (size_t group = 0; group < 8; ++group)
    for (size_t i = 0; i < 32; ++i) {
      const int low = block.crumbs[group / 4 * 32 + i] >> (2 * (group % 4)) & 3;
      const int high = block.high_bits[i] >> group & 1;
      parts.quant[32 * group + i] = (low | high << 2) + 28;
    }
}

void read(const tensor::BlockQ6K& block, BlockParts& parts) {
  parts.scale = block.scale;
  std::copy(std::begin(block.scales), std::end(block.scales), parts.block_scale.begin());
  for (size_t group = 0; group < 8; ++group) {
    const uint8_t* nibbles = block.nibbles + group / 4 * 64 + group % 2 * 32;
    const uint8_t* crumbs = block.crumbs + group / 4 * 32;
    const size_t nibble_shift = group % 4 < 2 ? 0 : 4, crumb_shift = 2 * (group % 4);
    for (size_t i = 0; i < 32; ++i)
      parts.quant[32 * group + i] =
          (nibbles[i] >> nibble_shift & 15) | (crumbs[i] >> crumb_shift & 3) << 4;
  }
}

template <typename Block>
BlockParts parts_of(const std::byte* bytes) {
  Block block;
  std::memcpy(&block, bytes, sizeof(block));
  BlockParts parts;
  read(block, parts);
  return parts;
}

}  // namespace

BlockParts take_apart(ElementType type, const std::byte* block) {
  switch (type) {
    case ElementType::q4_0:
      return parts_of<tensor::BlockQ4_0>(block);
    case ElementType::q4_1:
      return parts_of<tensor::BlockQ4_1>(block);
    case ElementType::q5_0:
      return parts_of<tensor::BlockQ5_0>(block);
    case ElementType::q5_1:
      return parts_of<tensor::BlockQ5_1>(block);
    case ElementType::q8_0:
      return parts_of<tensor::BlockQ8_0>(block);
    case ElementType::q3_k:
      return parts_of<tensor::BlockQ3K>(block);
    case ElementType::q4_k:
      return parts_of<tensor::BlockQ4K>(block);
    case ElementType::q5_k:
      return parts_of<tensor::BlockQ5K>(block);
    case ElementType::q6_k:
      return parts_of<tensor::BlockQ6K>(block);
    case ElementType::f32:
    case ElementType::f16:
    case ElementType::bf16:
    case ElementType::f8_e4m3:
    case ElementType::f4_e2m1:
    case ElementType::q2_k:
      break;  // never packed
  }
  return {};
}

}  // namespace helicon::kernels
