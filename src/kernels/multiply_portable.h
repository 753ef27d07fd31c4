// The multiply kernels as the formats define them: the oracle of the vector ones, bit for bit.
//
// For each output row the products of a block of 32 columns, or of a k-quant's 256, are summed as
// integers, exactly, with all that is whole multiplied in: the activations' shifts and the weights'
// inner scales. Then, in ascending order of blocks, each line fused and so rounded once,
//   sum += float(integers) * (weight scale * activation scale)
//   sum += minimum * activation sum                                        (32 columns)
//   sum += float(integers of minima) * (minimum * -2 activation scale)     (256 columns)
// Every instruction set does just this. The integers of 256 columns fit 32 bits: 6-bit weights with
// 8-bit scales come to at most 256 * 32 * 127 * 16 * 128, just below 2^31.
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

// Sum of the products of one block, scaled by all that is whole.
template <typename Block>
int whole_sum(const Block& block, size_t b, size_t lane, const ActivationBlock& x) {
  int sums[2] = {0, 0};
  for (size_t quad = 0; quad < 8; ++quad)
    for (size_t j = 0; j < 4; ++j)
      sums[quad / 4] += quant_at(block, b, quad, lane, j) * x.quants[4 * quad + j];
  for (size_t run = 0; run < 2; ++run) {
    sums[run] *= 1 << x.shifts[run];
    if constexpr (kIs<Block, SixBitsKBlock>)
      sums[run] = block.block_scale[2 * b + run][lane] * (sums[run] - 32 * x.run_sums[run]);
    else if constexpr (kIsSuper<Block>)
      sums[run] *= block.block_scale[b][lane];
  }
  return sums[0] + sums[1];
}

// Goes on with `sum` over packed block i of a row.
template <typename Block>
float add_block(const Block& block, size_t i, size_t lane, const QuantizedRows& activations,
                size_t row, float sum) {
  constexpr size_t kCount = kBlocksIn<Block>;
  int whole = 0, minima = 0;
  for (size_t b = 0; b < kCount; ++b) {
    const ActivationBlock& x = activations.at(row, i * kCount + b);
    whole += whole_sum(block, b, lane, x);
    if constexpr (kIsSuper<Block> && kHasMinimum<Block>)
      minima += block.block_minimum[b / 2][lane][b % 2] *
                activations.at(row, i * kCount + b - b % 2).half_sums[b % 2];
  }
  const ActivationBlock& x = activations.at(row, i * kCount);
  sum = std::fma(static_cast<float>(whole), tensor::f16_to_f32(block.scale[lane]) * x.scale, sum);
  if constexpr (kHasMinimum<Block>) {
    const float minimum = tensor::f16_to_f32(block.minimum[lane]);
    if constexpr (kIsSuper<Block>)
      sum = std::fma(static_cast<float>(minima), minimum * (-2 * x.scale), sum);
    else
      sum = std::fma(minimum, x.sum, sum);
  }
  return sum;
}

template <typename Block>
void multiply(const PackedMatrix& matrix, size_t first, size_t last,
              const QuantizedRows& activations, size_t rows, float* outputs, size_t stride) {
  const size_t blocks = matrix.columns / (kBlock * kBlocksIn<Block>);
  const auto* data = reinterpret_cast<const Block*>(matrix.data);
  for (size_t panel = first; panel < last; ++panel) {
    const Block* packed = data + panel * blocks;
    for (size_t lane = 0; lane < Block::kRows && panel * Block::kRows + lane < matrix.rows;
         ++lane) {
      for (size_t row = 0; row < rows; ++row) {
        float sum = 0;
        for (size_t i = 0; i < blocks; ++i)
          sum = add_block(packed[i], i, lane, activations, row, sum);
        outputs[row * stride + panel * Block::kRows + lane] = sum;
      }
    }
  }
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
