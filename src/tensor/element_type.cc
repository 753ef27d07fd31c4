#include "tensor/element_type.h"

#include <array>
#include <cassert>
#include <cstring>

#include "tensor/blocks.h"
#include "tensor/half.h"

namespace helicon::tensor {
namespace {

// The decoders follow the order of operations of ggml's reference (ggml-quants.c,
// dequantize_row_*): a product of scales first, then the element, then the minimum.

struct BlockF32 {
  static constexpr size_t elements = 1;
  float value;
};
struct BlockF16 {
  static constexpr size_t elements = 1;
  F16 value;
};
struct BlockBf16 {
  static constexpr size_t elements = 1;
  uint16_t value;
};

struct BlockF8 {
  static constexpr size_t elements = 1;
  uint8_t value;
};
struct BlockF4 {
  static constexpr size_t elements = 2;
  uint8_t value;
};

void decode(const BlockF32& block, float* out) { *out = block.value; }
void decode(const BlockF16& block, float* out) { *out = f16_to_f32(block.value); }
void decode(const BlockBf16& block, float* out) { *out = bf16_to_f32(block.value); }
void decode(const BlockF8& block, float* out) { *out = f8_to_f32(block.value); }
void decode(const BlockF4& block, float* out) {
  out[0] = static_cast<float>(kF4Halves[block.value & 0x0F]) * 0.5f;
  out[1] = static_cast<float>(kF4Halves[block.value >> 4]) * 0.5f;
}

// The four bits of element i of 32.
int nibble(const uint8_t (&nibbles)[16], size_t i) {
  return i < 16 ? nibbles[i] & 0x0F : nibbles[i - 16] >> 4;
}

// Bit 4 of element i of 32, in place.
int fifth_bit(const uint8_t (&high_bits)[4], size_t i) {
  return ((high_bits[i / 8] >> (i % 8)) & 1) << 4;
}

void decode(const BlockQ4_0& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (size_t i = 0; i < 32; ++i) out[i] = static_cast<float>(nibble(block.nibbles, i) - 8) * scale;
}

void decode(const BlockQ4_1& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  const float minimum = f16_to_f32(block.minimum);
  for (size_t i = 0; i < 32; ++i) {
    out[i] = static_cast<float>(nibble(block.nibbles, i)) * scale + minimum;
  }
}

void decode(const BlockQ5_0& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (size_t i = 0; i < 32; ++i) {
    const int q = nibble(block.nibbles, i) | fifth_bit(block.high_bits, i);
    out[i] = static_cast<float>(q - 16) * scale;
  }
}

void decode(const BlockQ5_1& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  const float minimum = f16_to_f32(block.minimum);
  for (size_t i = 0; i < 32; ++i) {
    const int q = nibble(block.nibbles, i) | fifth_bit(block.high_bits, i);
    out[i] = static_cast<float>(q) * scale + minimum;
  }
}

void decode(const BlockQ8_0& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (size_t i = 0; i < 32; ++i) out[i] = static_cast<float>(block.values[i]) * scale;
}

// Two bits of element i of 256, as BlockQ2K, BlockQ3K and (its high bits) BlockQ6K lay them out.
int crumb(const uint8_t (&crumbs)[64], size_t i) {
  return (crumbs[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 0x03;
}

void decode(const BlockQ2K& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  const float minimum = f16_to_f32(block.minimum);
  for (size_t group = 0; group < 16; ++group) {
    const float group_scale = scale * static_cast<float>(block.scales[group] & 0x0F);
    const float group_minimum = minimum * static_cast<float>(block.scales[group] >> 4);
    for (size_t i = 16 * group; i < 16 * group + 16; ++i) {
      out[i] = group_scale * static_cast<float>(crumb(block.crumbs, i)) - group_minimum;
    }
  }
}

void decode(const BlockQ3K& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  const std::array<int8_t, 16> scales = unpack_scales(block.scales);
  for (size_t group = 0; group < 16; ++group) {
    const float group_scale = scale * static_cast<float>(scales[group]);
    for (size_t i = 16 * group; i < 16 * group + 16; ++i) {
      const int high = (block.high_bits[i % 32] >> (i / 32)) & 1;
      const int q = crumb(block.crumbs, i) | (high << 2);
      out[i] = group_scale * static_cast<float>(q - 4);
    }
  }
}

// The four bits of element i of 256, as BlockQ4K and BlockQ5K lay them out.
int nibble(const uint8_t (&nibbles)[128], size_t i) {
  return (nibbles[i / 64 * 32 + i % 32] >> (i % 64 < 32 ? 0 : 4)) & 0x0F;
}

void decode(const BlockQ4K& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  const float minimum = f16_to_f32(block.minimum);
  const auto [scales, minima] = unpack_scales_and_minima(block.scales);
  for (size_t group = 0; group < 8; ++group) {
    const float group_scale = scale * static_cast<float>(scales[group]);
    const float group_minimum = minimum * static_cast<float>(minima[group]);
    for (size_t i = 32 * group; i < 32 * group + 32; ++i) {
      out[i] = group_scale * static_cast<float>(nibble(block.nibbles, i)) - group_minimum;
    }
  }
}

void decode(const BlockQ5K& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  const float minimum = f16_to_f32(block.minimum);
  const auto [scales, minima] = unpack_scales_and_minima(block.scales);
  for (size_t group = 0; group < 8; ++group) {
    const float group_scale = scale * static_cast<float>(scales[group]);
    const float group_minimum = minimum * static_cast<float>(minima[group]);
    for (size_t i = 32 * group; i < 32 * group + 32; ++i) {
      const int high = (block.high_bits[i % 32] >> group) & 1;
      const int q = nibble(block.nibbles, i) | (high << 4);
      out[i] = group_scale * static_cast<float>(q) - group_minimum;
    }
  }
}

void decode(const BlockQ6K& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (size_t group = 0; group < 16; ++group) {
    const float group_scale = scale * static_cast<float>(block.scales[group]);
    for (size_t i = 16 * group; i < 16 * group + 16; ++i) {
      const int low = (block.nibbles[i / 128 * 64 + i % 64] >> (i % 128 < 64 ? 0 : 4)) & 0x0F;
      const int q = low | (crumb(block.crumbs, i) << 4);
      out[i] = group_scale * static_cast<float>(q - 32);
    }
  }
}

// Blocks are copied out first: `source` may have any alignment.
template <typename Block>
void decode_all(const std::byte* source, float* target, size_t elements) {
  for (size_t i = 0; i < elements; i += Block::elements, source += sizeof(Block)) {
    Block block;
    std::memcpy(&block, source, sizeof(Block));
    decode(block, target + i);
  }
}

struct Entry {
  ElementTypeInfo info;
  void (*decode)(const std::byte* source, float* target, size_t elements);
};

template <typename Block>
constexpr Entry entry(ElementType type, std::string_view name) {
  return {{type, name, Block::elements, sizeof(Block)}, decode_all<Block>};
}

constexpr std::array entries = {
    entry<BlockF32>(ElementType::f32, "F32"),    entry<BlockF16>(ElementType::f16, "F16"),
    entry<BlockQ4_0>(ElementType::q4_0, "Q4_0"), entry<BlockQ4_1>(ElementType::q4_1, "Q4_1"),
    entry<BlockQ5_0>(ElementType::q5_0, "Q5_0"), entry<BlockQ5_1>(ElementType::q5_1, "Q5_1"),
    entry<BlockQ8_0>(ElementType::q8_0, "Q8_0"), entry<BlockQ2K>(ElementType::q2_k, "Q2_K"),
    entry<BlockQ3K>(ElementType::q3_k, "Q3_K"),  entry<BlockQ4K>(ElementType::q4_k, "Q4_K"),
    entry<BlockQ5K>(ElementType::q5_k, "Q5_K"),  entry<BlockQ6K>(ElementType::q6_k, "Q6_K"),
    entry<BlockBf16>(ElementType::bf16, "BF16"), entry<BlockF8>(ElementType::f8_e4m3, "FP8"),
    entry<BlockF4>(ElementType::f4_e2m1, "FP4"),
};

const Entry* find(ElementType type) {
  for (const Entry& candidate : entries) {
    if (candidate.info.type == type) return &candidate;
  }
  return nullptr;
}

// GGUF's other types (ggml.h, enum ggml_type), to name what is refused.
struct ForeignType {
  uint32_t number;
  std::string_view name;
};

constexpr ForeignType foreign_types[] = {
    {9, "Q8_1"},    {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"},
    {20, "IQ4_NL"}, {21, "IQ3_S"}, {22, "IQ2_S"},   {23, "IQ4_XS"}, {24, "I8"},      {25, "I16"},
    {26, "I32"},    {27, "I64"},   {28, "F64"},     {29, "IQ1_M"},  {34, "TQ1_0"},   {35, "TQ2_0"},
    {39, "MXFP4"},  {40, "NVFP4"}, {41, "Q1_0"},    {42, "Q2_0"},
};

}  // namespace

std::optional<ElementTypeInfo> element_type_info(uint32_t gguf_type) {
  const Entry* found = find(static_cast<ElementType>(gguf_type));
  if (found == nullptr || gguf_type >= kFolderTypes) return std::nullopt;
  return found->info;
}

const ElementTypeInfo& info(ElementType type) {
  const Entry* found = find(type);
  assert(found != nullptr);
  return found->info;
}

std::string element_type_name(uint32_t gguf_type) {
  if (const auto known = element_type_info(gguf_type)) return std::string(known->name);
  for (const ForeignType& foreign : foreign_types) {
    if (foreign.number == gguf_type) return std::string(foreign.name);
  }
  return std::to_string(gguf_type);
}

void dequantize(ElementType type, const std::byte* source, float* target, size_t elements) {
  const Entry* found = find(type);
  assert(found != nullptr && elements % found->info.block_elements == 0);
  found->decode(source, target, elements);
}

}  // namespace helicon::tensor
