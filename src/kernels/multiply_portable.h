// The multiply kernels as the formats define them: the oracle of the vector ones, bit for bit.
//
// For each output row and block of 32 columns the products are summed as integers, exactly; then
//   sum += float(integers) * (weight scale * activation scale)     (fused, rounded once)
//   sum += minimum * activation sum                                (fused; kinds with a minimum)
// in ascending order of blocks. Every instruction set does just this.
#pragma once

#include <cmath>

#include "kernels/block_access.h"
#include "kernels/quantized_rows.h"
#include "tensor/half.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

// The weight of row `lane`, column 4 * quad + j of block b, without its scale.
template <typename Block>
int quant_at(const Block& block, size_t b, size_t quad, size_t lane, size_t j) {
  const size_t byte = 4 * lane + j;
  if constexpr (kIs<Block, BytesBlock>) {
    return block.weight[quad][byte];
  } else {
    const auto& part = part_of(block, b);
    int q = part.low[quad % 4][byte] >> (quad < 4 ? 0 : 4) & 15;
    if constexpr (kHasFifthBit<Block>) q |= (part.high[byte] >> quad & 1) << 4;
    if constexpr (kIs<Block, SixBitsKBlock>)
      q |= (part.high[quad / 4][byte] >> (2 * (quad % 4)) & 3) << 4;
    return q;
  }
}

// Sum of the products of one block, scaled by all that is whole: the activations' factors, and
// Q6_K's 8-bit scales and offset.
template <typename Block>
int whole_sum(const Block& block, size_t b, size_t lane, const ActivationBlock& x) {
  int sums[2] = {0, 0};
  for (size_t quad = 0; quad < 8; ++quad)
    for (size_t j = 0; j < 4; ++j)
      sums[quad / 4] += quant_at(block, b, quad, lane, j) * x.quants[4 * quad + j];
  for (size_t run = 0; run < 2; ++run) {
    sums[run] *= x.factors[run];
    if constexpr (kIs<Block, SixBitsKBlock>)
      sums[run] = block.block_scale[2 * b + run][lane] * (sums[run] - 32 * x.run_sums[run]);
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
    for (size_t lane = 0; lane < Block::kRows && panel * Block::kRows + lane < matrix.rows;
         ++lane) {
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
          const ActivationBlock& x = activations.at(row, i);
          const int whole = whole_sum(block, b, lane, x);
          sum = std::fma(static_cast<float>(whole), scale * x.scale, sum);
          if constexpr (kHasMinimum<Block>) sum = std::fma(minimum, x.sum, sum);
        }
        outputs[row * stride + panel * Block::kRows + lane] = sum;
      }
    }
  }
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
