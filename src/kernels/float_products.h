// Products with weights that are floats of 32 or 16 bits, read where they lie, and with those that
// have no layout of their own and are decoded to floats.
//
// A product is eight chains of fused additions, one for each column modulo 8, over ascending
// columns, and the chains' sum: the same for any number of rows and in any tile.
#pragma once

#include <algorithm>
#include <cstring>

#include "kernels/kernel_table.h"
#include "kernels/lane_loads.h"
#include "kernels/lanes.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

// How eight weights of a row become floats. In a file they may begin at any byte.
struct FloatWeights {
  static constexpr size_t kBytes = 4;
  static Lanes load(const std::byte* p) { return float_lanes(p); }
};
struct HalfWeights {
  static constexpr size_t kBytes = 2;
  static Lanes load(const std::byte* p) { return half_lanes(p); }
};
struct BrainWeights {
  static constexpr size_t kBytes = 2;
  static Lanes load(const std::byte* p) { return brain_lanes(p); }
};

// Rows of activations that are multiplied while a panel's weights are in the first two caches.
inline constexpr size_t kFloatRows = 64;
// Columns decoded at a time: a whole number of every type's blocks.
inline constexpr size_t kFloatChunk = 256;

// A panel's chains for up to kFloatRows rows: [row][panel row][lane].
using FloatChains = float[kFloatRows][kPanelRows][8];

// The columns of a panel's rows that are multiplied now.
template <typename Weights>
struct FloatPiece {
  const std::byte* rows[kPanelRows];
  size_t columns;
  const std::byte* ahead;  // as many bytes, which will be read next
};

// Adds to the chains of `PanelRows` rows of the panel from `first` on, and of `Rows` rows of x.
template <typename Weights, size_t PanelRows, size_t Rows, bool Ahead>
inline void add_float_tile(const FloatPiece<Weights>& piece, size_t first, const float* x,
                           size_t stride, float (*chains)[kPanelRows][8]) {
  Lanes sums[Rows][PanelRows];
#pragma GCC unroll 8
  for (size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 8
    for (size_t p = 0; p < PanelRows; ++p) sums[r][p] = Lanes::load(chains[r][first + p]);
  const auto add = [&](const auto& weights_of, const auto& x_of) {
    Lanes activations[Rows];
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) activations[r] = x_of(x + r * stride);
#pragma GCC unroll 8
    for (size_t p = 0; p < PanelRows; ++p) {
      const Lanes weights = weights_of(piece.rows[first + p]);
#pragma GCC unroll 8
      for (size_t r = 0; r < Rows; ++r) sums[r][p] = fused(weights, activations[r], sums[r][p]);
    }
  };
  size_t c = 0;
  for (; c + 8 <= piece.columns; c += 8) {
    constexpr size_t kBytes = PanelRows * Weights::kBytes;  // of a column
    if constexpr (Ahead)
      prefetch(piece.ahead + (first / PanelRows * piece.columns + c) * kBytes, 8 * kBytes);
    add([c](const std::byte* row) { return Weights::load(row + c * Weights::kBytes); },
        [c](const float* row) { return Lanes::load(row + c); });
  }
  if (const size_t left = piece.columns - c; left > 0)
    add(
        [&](const std::byte* row) {
          std::byte padded[8 * Weights::kBytes] = {};
          std::memcpy(padded, row + c * Weights::kBytes, left * Weights::kBytes);
          return Weights::load(padded);
        },
        [&](const float* row) { return load_tail(row + c, left, 0.0f); });
#pragma GCC unroll 8
  for (size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 8
    for (size_t p = 0; p < PanelRows; ++p) sums[r][p].store(chains[r][first + p]);
}

// The same for all rows of the panel. One row of x waits for memory, and takes them in one go, as
// they lie; several are arithmetic: twelve chains of three rows need seven loads for twelve
// additions.
template <typename Weights, size_t Rows, bool Ahead>
inline void add_float_rows(const FloatPiece<Weights>& piece, const float* x, size_t stride,
                           float (*chains)[kPanelRows][8]) {
  constexpr size_t kHeight = Rows == 1 ? kPanelRows : 4;
  for (size_t p = 0; p < kPanelRows; p += kHeight)
    add_float_tile<Weights, kHeight, Rows, Ahead>(piece, p, x, stride, chains);
}

// The same for `count` rows of x, of which the first ones fetch what is multiplied next, if wanted.
template <typename Weights, bool Ahead>
inline void add_float_piece(const FloatPiece<Weights>& piece, const float* x, size_t stride,
                            size_t count, FloatChains& chains) {
  if (count == 1) return add_float_rows<Weights, 1, Ahead>(piece, x, stride, chains);
  if (count == 2) return add_float_rows<Weights, 2, Ahead>(piece, x, stride, chains);
  add_float_rows<Weights, 3, Ahead>(piece, x, stride, chains);
  size_t r = 3;
  for (; r + 3 <= count; r += 3)
    add_float_rows<Weights, 3, false>(piece, x + r * stride, stride, chains + r);
  if (count - r == 2) add_float_rows<Weights, 2, false>(piece, x + r * stride, stride, chains + r);
  if (count - r == 1) add_float_rows<Weights, 1, false>(piece, x + r * stride, stride, chains + r);
}

// Reads weights where they lie.
template <typename Weights>
inline void multiply_in_place(const PackedMatrix& matrix, size_t first, size_t lanes,
                              const float* x, size_t count, FloatChains& chains) {
  const size_t row_bytes = matrix.columns * Weights::kBytes;
  const std::byte* panel = matrix.data + first * row_bytes;
  FloatPiece<Weights> piece;
  for (size_t p = 0; p < kPanelRows; ++p)  // what a panel lacks is computed and dropped
    piece.rows[p] = panel + std::min(p, lanes - 1) * row_bytes;
  piece.columns = matrix.columns;
  piece.ahead = panel + lanes * row_bytes;
  add_float_piece<Weights, true>(piece, x, matrix.columns, count, chains);
}

// Eight elements, from the `column`-th of a row on.
struct F8Elements {
  static constexpr size_t kPerByte = 1;
  static constexpr float kUnit = 256;  // of what comes, in what it stands for
  static Lanes load(const std::byte* row, size_t column) { return f8_lanes(row + column); }
};
struct F4Elements {
  static constexpr size_t kPerByte = 2;
  static constexpr float kUnit = 0.5f;
  static Lanes load(const std::byte* row, size_t column) { return f4_lanes(row + column / 2); }
};

// The `tile`-th scale.
inline float scale_of(const tensor::TileScales& scales, size_t tile) {
  if (scales.type == tensor::ElementType::f8_e4m3)
    return tensor::f8_to_f32(static_cast<uint8_t>(scales.data[tile])) * scales.factor;
  float scale = 0;
  if (scales.type == tensor::ElementType::f32)
    std::memcpy(&scale, scales.data + tile * sizeof(scale), sizeof(scale));
  else
    tensor::dequantize(scales.type, scales.data + 2 * tile, &scale, 1);
  return scale * scales.factor;
}

// Columns [start, start + count) of a row, times the scales of their tiles. Tiles, `start`, and
// rows of two elements a byte, have whole eights of columns but for what is left at the end of a
// row.
template <typename Elements>
inline void decode_scaled(const PackedMatrix& matrix, size_t row, const std::byte* source,
                          size_t start, size_t count, float* target) {
  const tensor::TileScales& scales = *matrix.scales;
  size_t number = scales.first_tile(matrix.first_row + row) + start / scales.tile_columns;
  size_t left = scales.tile_columns - start % scales.tile_columns;  // of a tile
  for (size_t c = 0; c < count; ++number, left = scales.tile_columns) {
    const size_t end = std::min(count, c + left);
    const Lanes scale = Lanes::all(scale_of(scales, number) * Elements::kUnit);
    for (; c + 8 <= end; c += 8) (Elements::load(source, start + c) * scale).store(target + c);
    if (c == end) continue;
    std::byte padded[8] = {};  // the end of the row
    std::memcpy(padded, source + (start + c) / Elements::kPerByte, (end - c) / Elements::kPerByte);
    store_tail(Elements::load(padded, 0) * scale, target + c, end - c);
    c = end;
  }
}

// The same of any type.
inline void decode_columns(const PackedMatrix& matrix, size_t row, const std::byte* source,
                           size_t start, size_t count, float* target) {
  if (matrix.scales && matrix.type == tensor::ElementType::f8_e4m3)
    return decode_scaled<F8Elements>(matrix, row, source, start, count, target);
  if (matrix.scales && matrix.type == tensor::ElementType::f4_e2m1)
    return decode_scaled<F4Elements>(matrix, row, source, start, count, target);
  tensor::dequantize_row(matrix.type, matrix.scales, matrix.first_row + row, source, start, count,
                         target);
}

inline void multiply_decoded(const PackedMatrix& matrix, size_t first, size_t lanes, const float* x,
                             size_t count, FloatChains& chains) {
  const tensor::ElementTypeInfo& info = tensor::info(matrix.type);
  const size_t row_bytes = matrix.columns / info.block_elements * info.block_bytes;
  const size_t chunk_bytes = kFloatChunk / info.block_elements * info.block_bytes;
  alignas(32) float decoded[kPanelRows][kFloatChunk];
  if (lanes < kPanelRows) std::memset(decoded, 0, sizeof(decoded));
  FloatPiece<FloatWeights> piece = {};
  for (size_t p = 0; p < kPanelRows; ++p)
    piece.rows[p] = reinterpret_cast<const std::byte*>(decoded[p]);
  for (size_t start = 0; start < matrix.columns; start += kFloatChunk) {
    piece.columns = std::min(kFloatChunk, matrix.columns - start);
    const size_t before = start / info.block_elements * info.block_bytes;
    for (size_t p = 0; p < lanes; ++p) {
      const std::byte* source = matrix.data + (first + p) * row_bytes;
      prefetch(source + lanes * row_bytes + before, chunk_bytes);
      decode_columns(matrix, first + p, source, start, piece.columns, decoded[p]);
    }
    add_float_piece<FloatWeights, false>(piece, x + start, matrix.columns, count, chains);
  }
}

// See KernelTable::multiply_floats.
inline void multiply_floats(const PackedMatrix& matrix, size_t first, size_t last,
                            const float* activations, size_t rows, float* outputs, size_t stride) {
  const auto multiply = matrix.type == tensor::ElementType::f32    ? multiply_in_place<FloatWeights>
                        : matrix.type == tensor::ElementType::f16  ? multiply_in_place<HalfWeights>
                        : matrix.type == tensor::ElementType::bf16 ? multiply_in_place<BrainWeights>
                                                                   : multiply_decoded;
  alignas(32) FloatChains chains;
  for (size_t panel = first; panel < last; ++panel) {
    const size_t row = panel * kPanelRows, lanes = std::min(kPanelRows, matrix.rows - row);
    for (size_t r = 0; r < rows; r += kFloatRows) {
      const size_t count = std::min(kFloatRows, rows - r);
      std::memset(chains, 0, count * sizeof(chains[0]));
      multiply(matrix, row, lanes, activations + r * matrix.columns, count, chains);
      for (size_t i = 0; i < count; ++i)
        for (size_t lane = 0; lane < lanes; ++lane)
          outputs[(r + i) * stride + row + lane] = sum(Lanes::load(chains[i][lane]));
    }
  }
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
