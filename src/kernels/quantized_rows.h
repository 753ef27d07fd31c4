// Activations quantised to 8 bits for the integer kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/packed_matrix.h"

namespace helicon::kernels {

// What a kernel reads of one row for 32 columns, in two runs of 16:
//   value = scale * 2^shift * quant,  quant in [-127, 127], shift of the run in [0, 4].
// The scale is shared by 32 columns or, for k-quants, by their 256, so that these can add whole
// numbers all the way; the shift lets a run of small values keep its precision beside a large one.
// It costs next to nothing: processors shift beside their multiplications. Measured on
// Qwen2.5-Coder-1.5B, a scale for 256 columns alone has 4.5 times the divergence from 32-bit
// activations. Every scale is the row's own, so a row's numbers never depend on its neighbours.
// The rest is derived, once for all output rows.
struct ActivationBlock {
  int8_t quants[kBlock];
  int32_t shifts[2];
  uint32_t factor_pairs[2];  // 2^shift in both halves: multiplies pairs of 16-bit sums
  float scale;
  float sum;             // scale * sum of 2^shift * quant: what a weight's minimum is multiplied by
  int16_t run_sums[2];   // 2^shift * sum of the run's quants
  int16_t half_sums[2];  // half the sum of both runs, cut to a whole number so that it fits; of
                         // this block and the next, in even blocks only
  int32_t offsets[2];    // -32 * sum of the run's quants: makes up for weights stored as q + 32
};

// Rows are kept in tiles of eight, the last of what is left; in a tile, the blocks of 32 columns
// follow each other, each with all the tile's rows. A kernel reads a tile with one moving pointer.
class QuantizedRows {
 public:
  static constexpr size_t kRun = 16;
  static constexpr int kMaxShift = 4;  // 2^4 * 16 * 127 fits 16 bits
  static constexpr size_t kTile = 8;

  // Room for `rows` rows of `columns`, of which each `group` share a scale: 32, or 256 if any
  // matrix that they are for is a k-quant. Columns are a multiple of it; contents undefined.
  void resize(size_t rows, size_t columns, size_t group) {
    rows_ = rows;
    blocks_ = columns / kBlock;
    group_blocks_ = group / kBlock;
    if (memory_.size() < rows * blocks_) memory_.resize(rows * blocks_);
  }

  size_t rows() const { return rows_; }
  size_t blocks() const { return blocks_; }
  size_t columns() const { return blocks_ * kBlock; }
  size_t group_blocks() const { return group_blocks_; }

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

  size_t rows_ = 0, blocks_ = 0, group_blocks_ = 1;
  std::vector<ActivationBlock> memory_;
};

}  // namespace helicon::kernels
