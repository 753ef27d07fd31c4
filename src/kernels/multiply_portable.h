// The multiply kernels as the formats define them: the oracle of the vector ones, bit for bit.
//
// For each output row and block of 32 columns the products are summed as integers, exactly; then
//   sum += float(integers) * (weight scale * activation scale)     (fused, rounded once)
//   sum += minimum * activation sum                                (fused; kinds with a minimum)
// in ascending order of blocks. Every instruction set does just this.
#pragma once

#include <cmath>
#include <type_traits>

#include "kernels/packed_matrix.h"
#include "kernels/quantized_rows.h"
#include "tensor/half.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

template <typename Block>
inline constexpr bool kHasMinimum =
    !std::is_same_v<Block, BytesBlock> && !std::is_same_v<Block, SixBitsKBlock>;
template <typename Block>
inline constexpr bool kIsSuper =
    std::is_same_v<Block, NibblesKBlock> || std::is_same_v<Block, FiveBitsKBlock> ||
    std::is_same_v<Block, SixBitsKBlock>;
template <typename Block>
inline constexpr bool kHasFifthBit =
    std::is_same_v<Block, FiveBitsBlock> || std::is_same_v<Block, FiveBitsKBlock>;
template <typename Block>
inline constexpr size_t kBlocksIn = kIsSuper<Block> ? kSuperBlock / kBlock : 1;

template <typename Block>
const uint8_t (*low_quads(const Block& block, [[maybe_unused]] size_t b))[32] {
  if constexpr (kIsSuper<Block>) {
    return block.low[b];
  } else {
    return block.low;
  }
}
template <typename Block>
const uint8_t* fifth_bits(const Block& block, [[maybe_unused]] size_t b) {
  if constexpr (kIsSuper<Block>) {
    return block.high[b];
  } else {
    return block.high;
  }
}

// The weight of row `lane`, column 4 * quad + j of block b, without its scale.
template <typename Block>
int quant_at(const Block& block, size_t b, size_t quad, size_t lane, size_t j) {
  const size_t byte = 4 * lane + j;
  if constexpr (std::is_same_v<Block, BytesBlock>) {
    return block.weight[quad][byte];
  } else {
    int q = low_quads(block, b)[quad % 4][byte] >> (quad < 4 ? 0 : 4) & 15;
    if constexpr (kHasFifthBit<Block>) q |= (fifth_bits(block, b)[byte] >> quad & 1) << 4;
    if constexpr (std::is_same_v<Block, SixBitsKBlock>)
      q |= (block.high[b][quad / 4][byte] >> (2 * (quad % 4)) & 3) << 4;
    return q;
  }
}

// Sum of the products of one block, scaled by all that is whole: the activations' factors, and
// Q6_K's 8-bit scales and offset.
template <typename Block>
int whole_sum(const Block& block, size_t b, size_t lane, const int8_t* x, const int16_t* run_sums,
              const uint32_t* factors) {
  int sums[2] = {0, 0};
  for (size_t quad = 0; quad < 8; ++quad)
    for (size_t j = 0; j < 4; ++j)
      sums[quad / 4] += quant_at(block, b, quad, lane, j) * x[4 * quad + j];
  for (size_t run = 0; run < 2; ++run) {
    sums[run] *= static_cast<int>(factors[run] & 0xffff);
    if constexpr (std::is_same_v<Block, SixBitsKBlock>)
      sums[run] = block.block_scale[2 * b + run][lane] * (sums[run] - 32 * run_sums[run]);
  }
  return sums[0] + sums[1];
}

template <typename Block>
void multiply(const PackedMatrix& matrix, size_t first, size_t last,
              const QuantizedRows& activations, size_t rows, float* outputs, size_t stride) {
  const size_t blocks = matrix.columns / kBlock;
  const auto* data = reinterpret_cast<const Block*>(matrix.data);
  for (size_t panel = first; panel < last; ++panel) {
    const Block* packed = data + panel * (blocks / kBlocksIn<Block>);
    for (size_t lane = 0; lane < kPanelRows && panel * kPanelRows + lane < matrix.rows; ++lane) {
      for (size_t row = 0; row < rows; ++row) {
        float sum = 0;
        for (size_t i = 0; i < blocks; ++i) {
          const Block& block = packed[i / kBlocksIn<Block>];
          const size_t b = i % kBlocksIn<Block>;
          float scale = tensor::f16_to_f32(block.scale[lane]);
          float minimum = 0;
          if constexpr (kHasMinimum<Block>) minimum = tensor::f16_to_f32(block.minimum[lane]);
          if constexpr (kIsSuper<Block> && kHasMinimum<Block>) {
            scale *= static_cast<float>(block.block_scale[b][lane]);
            minimum *= -static_cast<float>(block.block_minimum[b][lane]);
          }
          const int whole =
              whole_sum(block, b, lane, activations.quants(row) + kBlock * i,
                        activations.run_sums(row) + 2 * i, activations.factors(row) + 2 * i);
          sum = std::fma(static_cast<float>(whole), scale * activations.scales(row)[i], sum);
          if constexpr (kHasMinimum<Block>) sum = std::fma(minimum, activations.sums(row)[i], sum);
        }
        outputs[row * stride + panel * kPanelRows + lane] = sum;
      }
    }
  }
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
