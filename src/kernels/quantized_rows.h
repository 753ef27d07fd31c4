// Activations quantised to 8 bits for the integer kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/packed_matrix.h"

namespace helicon::kernels {

// Rows of activations, in blocks of 32 columns, each of two runs of 16:
//   value = scale * factor * quant,  quant in [-127, 127], factor of the run in [1, 15].
// The factor lets a run of small values keep its precision beside a large one; being whole, it is
// multiplied into the integer sums at next to no cost. Measured on SmolLM2-135M, it brings the mean
// KL divergence from 32-bit activations down by more than half. Every scale is the row's own, so a
// row's numbers never depend on its neighbours.
class QuantizedRows {
 public:
  static constexpr size_t kRun = 16;
  static constexpr int kMaxFactor = 15;  // 15 * 16 * 127 fits 16 bits

  // Room for `rows` rows of up to `columns` (a multiple of 32); contents undefined.
  void resize(size_t rows, size_t columns);

  size_t rows() const { return rows_; }
  size_t columns() const { return columns_; }
  size_t blocks() const { return columns_ / kBlock; }

  int8_t* quants(size_t row) { return quants_.data() + row * columns_; }  // [columns]
  const int8_t* quants(size_t row) const { return quants_.data() + row * columns_; }
  float* scales(size_t row) { return scales_.data() + row * blocks(); }  // [blocks]
  const float* scales(size_t row) const { return scales_.data() + row * blocks(); }
  // scale * sum of factor * quant: what a weight's minimum is multiplied by
  float* sums(size_t row) { return sums_.data() + row * blocks(); }  // [blocks]
  const float* sums(size_t row) const { return sums_.data() + row * blocks(); }
  // factor * sum of the run's quants: what Q6_K's offset of 32 is multiplied by
  int16_t* run_sums(size_t row) { return run_sums_.data() + row * 2 * blocks(); }  // [2 blocks]
  const int16_t* run_sums(size_t row) const { return run_sums_.data() + row * 2 * blocks(); }
  // The factor, twice, in the halves of 32 bits: ready to multiply pairs of 16-bit sums.
  uint32_t* factors(size_t row) { return factors_.data() + row * 2 * blocks(); }  // [2 blocks]
  const uint32_t* factors(size_t row) const { return factors_.data() + row * 2 * blocks(); }

 private:
  size_t rows_ = 0, columns_ = 0;
  std::vector<int8_t> quants_;
  std::vector<float> scales_, sums_;
  std::vector<int16_t> run_sums_;
  std::vector<uint32_t> factors_;
};

inline void QuantizedRows::resize(size_t rows, size_t columns) {
  rows_ = rows;
  columns_ = columns;
  const auto grow = [](auto& buffer, size_t size) {
    if (buffer.size() < size) buffer.resize(size);
  };
  grow(quants_, rows * columns);
  grow(scales_, rows * blocks());
  grow(sums_, rows * blocks());
  grow(run_sums_, 2 * rows * blocks());
  grow(factors_, 2 * rows * blocks());
}

}  // namespace helicon::kernels
