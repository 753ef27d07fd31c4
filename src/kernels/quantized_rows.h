// Activations quantised to 8 bits for the integer kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/packed_matrix.h"

namespace helicon::kernels {

// What a kernel reads of one row for 32 columns, in two runs of 16:
//   value = scale * factor * quant,  quant in [-127, 127], factor of the run in [1, 15].
// The factor lets a run of small values keep its precision beside a large one; being whole, it is
// multiplied into the integer sums at little cost. Measured on SmolLM2-135M, it brings the mean KL
// divergence from 32-bit activations down by more than half. Every scale is the row's own, so a
// row's numbers never depend on its neighbours. The rest is derived, once for all output rows.
struct ActivationBlock {
  int8_t quants[kBlock];
  uint32_t factor_pairs[2];  // the factor in both halves: multiplies pairs of 16-bit sums
  int32_t factors[2];
  float scale;
  float sum;            // scale * sum of factor * quant: what a weight's minimum is multiplied by
  int16_t run_sums[2];  // factor * sum of the run's quants
  int32_t offsets[2];   // -32 * sum of the run's quants: makes up for weights stored as q + 32
};

// Rows are kept in tiles of eight, the last of what is left; in a tile, the blocks of 32 columns
// follow each other, each with all the tile's rows. A kernel reads a tile with one moving pointer.
class QuantizedRows {
 public:
  static constexpr size_t kRun = 16;
  static constexpr int kMaxFactor = 15;  // 15 * 16 * 127 fits 16 bits
  static constexpr size_t kTile = 8;

  // Room for `rows` rows of up to `columns` (a multiple of 32); contents undefined.
  void resize(size_t rows, size_t columns) {
    rows_ = rows;
    blocks_ = columns / kBlock;
    if (memory_.size() < rows * blocks_) memory_.resize(rows * blocks_);
  }

  size_t rows() const { return rows_; }
  size_t blocks() const { return blocks_; }
  size_t columns() const { return blocks_ * kBlock; }

  // Rows of the tile that begins with row `first`, a multiple of kTile.
  size_t tile_rows(size_t first) const { return rows_ - first < kTile ? rows_ - first : kTile; }
  const ActivationBlock* tile(size_t first) const { return memory_.data() + first * blocks_; }

  const ActivationBlock& at(size_t row, size_t block) const { return memory_[index(row, block)]; }
  ActivationBlock& at(size_t row, size_t block) { return memory_[index(row, block)]; }

 private:
  size_t index(size_t row, size_t block) const {
    const size_t first = row / kTile * kTile;
    return first * blocks_ + block * tile_rows(first) + row - first;
  }

  size_t rows_ = 0, blocks_ = 0;
  std::vector<ActivationBlock> memory_;
};

}  // namespace helicon::kernels
