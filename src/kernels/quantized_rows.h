// Activations quantised to 8 bits for the integer kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/packed_matrix.h"

namespace helicon::kernels {

// Rows of activations, each in blocks of 32 columns: value = scale * quant, quant in [-127, 127].
// Every block's scale is the row's own, so a row's numbers never depend on its neighbours.
class QuantizedRows {
 public:
  // Room for `rows` rows of up to `columns` (a multiple of 32); contents undefined.
  void resize(size_t rows, size_t columns);

  size_t rows() const { return rows_; }
  size_t columns() const { return columns_; }
  size_t blocks() const { return columns_ / kBlock; }

  int8_t* quants(size_t row) { return quants_.data() + row * columns_; }             // [columns]
  float* scales(size_t row) { return scales_.data() + row * blocks(); }              // [blocks]
  float* sums(size_t row) { return sums_.data() + row * blocks(); }                  // [blocks]
  int16_t* half_sums(size_t row) { return half_sums_.data() + row * 2 * blocks(); }  // [2 blocks]
  const int8_t* quants(size_t row) const { return quants_.data() + row * columns_; }
  // scale of each block
  const float* scales(size_t row) const { return scales_.data() + row * blocks(); }
  // scale * sum of the block's quants: what a weight's minimum is multiplied by
  const float* sums(size_t row) const { return sums_.data() + row * blocks(); }
  // sums of the quants of each run of 16 columns: what Q6_K's offset of 32 is multiplied by
  const int16_t* half_sums(size_t row) const { return half_sums_.data() + row * 2 * blocks(); }

 private:
  size_t rows_ = 0, columns_ = 0;
  std::vector<int8_t> quants_;
  std::vector<float> scales_, sums_;
  std::vector<int16_t> half_sums_;
};

inline void QuantizedRows::resize(size_t rows, size_t columns) {
  rows_ = rows;
  columns_ = columns;
  if (quants_.size() < rows * columns) quants_.resize(rows * columns);
  if (scales_.size() < rows * blocks()) scales_.resize(rows * blocks());
  if (sums_.size() < rows * blocks()) sums_.resize(rows * blocks());
  if (half_sums_.size() < 2 * rows * blocks()) half_sums_.resize(2 * rows * blocks());
}

}  // namespace helicon::kernels
