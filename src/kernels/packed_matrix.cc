#include "kernels/packed_matrix.h"

#include <cstring>
#include <type_traits>

#include "kernels/block_access.h"
#include "kernels/block_parts.h"
#include "tensor/half.h"

namespace helicon::kernels {
namespace {

using tensor::ElementType;

// Writes the 32 quants of one row and block into quads.
template <size_t N>
void put_low(const int* quant, size_t row, uint8_t (*low)[N]) {
  for (size_t v = 0; v < 4; ++v)
    for (size_t j = 0; j < 4; ++j)
      low[v][4 * row + j] =
          static_cast<uint8_t>((quant[4 * v + j] & 15) | (quant[4 * (v + 4) + j] & 15) << 4);
}
void put_fifth(const int* quant, size_t row, uint8_t* high) {
  for (size_t j = 0; j < 4; ++j) {
    int bits = 0;
    for (size_t g = 0; g < 8; ++g) bits |= (quant[4 * g + j] >> 4 & 1) << g;
    high[4 * row + j] = static_cast<uint8_t>(bits);
  }
}
template <size_t N>
void put_top_two(const int* quant, size_t row, uint8_t (*high)[N]) {
  for (size_t u = 0; u < 2; ++u)
    for (size_t j = 0; j < 4; ++j) {
      int bits = 0;
      for (size_t f = 0; f < 4; ++f) bits |= (quant[4 * (4 * u + f) + j] >> 4 & 3) << (2 * f);
      high[u][4 * row + j] = static_cast<uint8_t>(bits);
    }
}

// Puts one row's file block into its lane of a packed block.
template <typename Block>
void put(const BlockParts& source, size_t row, Block& block) {
  block.scale[row] = source.scale;
  if constexpr (kIs<Block, BytesBlock>) {
    for (size_t g = 0; g < 8; ++g)
      for (size_t j = 0; j < 4; ++j)
        block.weight[g][4 * row + j] = static_cast<int8_t>(source.quant[4 * g + j]);
  } else if constexpr (kIs<Block, NibblesBlock> || kIs<Block, FiveBitsBlock>) {
    block.minimum[row] = source.minimum;
    put_low(source.quant.data(), row, block.low);
    if constexpr (kIs<Block, FiveBitsBlock>) put_fifth(source.quant.data(), row, block.high);
  } else {
    for (size_t b = 0; b < 8; ++b) {
      const int* quant = source.quant.data() + kBlock * b;
      put_low(quant, row, block.part[b].low);
      if constexpr (kIs<Block, FiveBitsKBlock>) put_fifth(quant, row, block.part[b].high);
      if constexpr (kIs<Block, SixBitsKBlock>) {
        put_top_two(quant, row, block.part[b].high);
      } else {
        block.block_scale[b][row] = static_cast<uint8_t>(source.block_scale[b]);
        block.block_minimum[b / 2][row][b % 2] = static_cast<uint8_t>(source.block_minimum[b]);
      }
    }
    if constexpr (kIs<Block, SixBitsKBlock>) {
      for (size_t j = 0; j < 16; ++j)
        block.block_scale[j][row] = static_cast<int8_t>(source.block_scale[j]);
    } else {
      block.minimum[row] = source.minimum;
    }
  }
}

template <typename Block>
void pack(const PackedMatrix& matrix, const std::byte* source, size_t first, size_t last,
          std::byte* target) {
  constexpr size_t kRows = Block::kRows;
  const tensor::ElementTypeInfo& info = tensor::info(matrix.type);
  const size_t blocks = matrix.columns / info.block_elements;
  const size_t row_bytes = blocks * info.block_bytes;
  for (size_t panel = first; panel < last; ++panel) {
    auto* packed = reinterpret_cast<Block*>(target) + panel * blocks;
    if ((panel + 1) * kRows > matrix.rows)
      std::memset(static_cast<void*>(packed), 0, blocks * sizeof(Block));
    for (size_t lane = 0; lane < kRows && panel * kRows + lane < matrix.rows; ++lane) {
      const std::byte* row = source + (panel * kRows + lane) * row_bytes;
      for (size_t b = 0; b < blocks; ++b)
        put(take_apart(matrix.type, row + b * info.block_bytes), lane, packed[b]);
    }
  }
}

// The inverse of put_low and its companions: quant of column `c` in a block.
template <size_t N>
int low_at(const uint8_t (*low)[N], size_t row, size_t c) {
  const size_t quad = c / 4;
  return low[quad % 4][4 * row + c % 4] >> (quad < 4 ? 0 : 4) & 15;
}
int fifth_at(const uint8_t* high, size_t row, size_t c) {
  return (high[4 * row + c % 4] >> (c / 4) & 1) << 4;
}
template <size_t N>
int top_two_at(const uint8_t (*high)[N], size_t row, size_t c) {
  const size_t quad = c / 4;
  return (high[quad / 4][4 * row + c % 4] >> (2 * (quad % 4)) & 3) << 4;
}

template <typename Block>
float value_at(const Block& block, size_t row, size_t c) {
  const float d = tensor::f16_to_f32(block.scale[row]);
  if constexpr (kIs<Block, BytesBlock>) {
    return d * static_cast<float>(block.weight[c / 4][4 * row + c % 4]);
  } else if constexpr (kIs<Block, NibblesBlock> || kIs<Block, FiveBitsBlock>) {
    int q = low_at(block.low, row, c);
    if constexpr (kIs<Block, FiveBitsBlock>) q |= fifth_at(block.high, row, c);
    return d * static_cast<float>(q) + tensor::f16_to_f32(block.minimum[row]);
  } else {
    const size_t b = c / kBlock;
    int q = low_at(block.part[b].low, row, c % kBlock);
    if constexpr (kIs<Block, SixBitsKBlock>) {
      q |= top_two_at(block.part[b].high, row, c % kBlock);
      return d * static_cast<float>(block.block_scale[c / 16][row]) * static_cast<float>(q - 32);
    } else {
      if constexpr (kIs<Block, FiveBitsKBlock>) q |= fifth_at(block.part[b].high, row, c % kBlock);
      const float scale = d * static_cast<float>(block.block_scale[b][row]);
      const float minimum = tensor::f16_to_f32(block.minimum[row]) *
                            static_cast<float>(block.block_minimum[b / 2][row][b % 2]);
      return scale * static_cast<float>(q) - minimum;
    }
  }
}

template <typename Block>
void unpack_row_of(const PackedMatrix& matrix, size_t row, float* target) {
  constexpr size_t kSpan = kBlock * kBlocksIn<Block>;
  const size_t blocks = matrix.columns / kSpan;
  const auto* packed = reinterpret_cast<const Block*>(matrix.data) + row / Block::kRows * blocks;
  for (size_t c = 0; c < matrix.columns; ++c)
    target[c] = value_at(packed[c / kSpan], row % Block::kRows, c % kSpan);
}

template <size_t R, typename Visitor>
void with_block_of(PackedKind kind, const Visitor& visit) {
  switch (kind) {
    case PackedKind::nibbles:
      return visit(std::type_identity<NibblesBlock<R>>{});
    case PackedKind::five_bits:
      return visit(std::type_identity<FiveBitsBlock<R>>{});
    case PackedKind::nibbles_k:
      return visit(std::type_identity<NibblesKBlock<R>>{});
    case PackedKind::five_bits_k:
      return visit(std::type_identity<FiveBitsKBlock<R>>{});
    case PackedKind::six_bits_k:
      return visit(std::type_identity<SixBitsKBlock<R>>{});
    case PackedKind::bytes:
      return visit(std::type_identity<BytesBlock<R>>{});
    case PackedKind::floats:
    case PackedKind::count:
      return;
  }
}

// Calls visit(std::type_identity<Block>{}) with the block type of the matrix, if it is packed.
template <typename Visitor>
void with_block(const PackedMatrix& matrix, const Visitor& visit) {
  if (matrix.panel_rows == 16)
    with_block_of<16>(matrix.kind, visit);
  else
    with_block_of<8>(matrix.kind, visit);
}

}  // namespace

PackedKind packed_kind(ElementType type) {
  switch (type) {
    case ElementType::q4_0:
    case ElementType::q4_1:
      return PackedKind::nibbles;
    case ElementType::q5_0:
    case ElementType::q5_1:
      return PackedKind::five_bits;
    case ElementType::q4_k:
      return PackedKind::nibbles_k;
    case ElementType::q5_k:
      return PackedKind::five_bits_k;
    case ElementType::q3_k:
    case ElementType::q6_k:
      return PackedKind::six_bits_k;
    case ElementType::q8_0:
      return PackedKind::bytes;
    case ElementType::f32:
    case ElementType::f16:
    case ElementType::bf16:
    case ElementType::f8_e4m3:
    case ElementType::f4_e2m1:
    case ElementType::q2_k:
      return PackedKind::floats;
  }
  return PackedKind::floats;
}

size_t packed_bytes(const PackedMatrix& matrix) {
  size_t bytes = 0;
  with_block(matrix, [&]<typename Block>(std::type_identity<Block>) {
    bytes = matrix.panels() * (matrix.columns / (kBlock * kBlocksIn<Block>)) * sizeof(Block);
  });
  return bytes;
}

void pack_panels(const PackedMatrix& matrix, const std::byte* source, size_t first, size_t last,
                 std::byte* target) {
  with_block(matrix, [&]<typename Block>(std::type_identity<Block>) {
    pack<Block>(matrix, source, first, last, target);
  });
}

void unpack_row(const PackedMatrix& matrix, size_t row, float* target) {
  if (matrix.kind == PackedKind::floats) {
    const tensor::ElementTypeInfo& info = tensor::info(matrix.type);
    const size_t row_bytes = matrix.columns / info.block_elements * info.block_bytes;
    tensor::dequantize_row(matrix.type, matrix.scales, matrix.first_row + row,
                           matrix.data + row * row_bytes, 0, matrix.columns, target);
    return;
  }
  with_block(matrix, [&]<typename Block>(std::type_identity<Block>) {
    unpack_row_of<Block>(matrix, row, target);
  });
}

}  // namespace helicon::kernels
