// Matrices whose elements have too few bits of their own: tiles of them share a scale, which lies
// in a tensor of its own.
#pragma once

#include <cstddef>

#include "tensor/element_type.h"

namespace helicon::tensor {

// Of one matrix, or of several below each other, each of which begins with a tile of its own.
struct TileScales {
  const std::byte* data = nullptr;      // [matrices, tiles down, tiles across]
  ElementType type = ElementType::f32;  // or f16, bf16, f8_e4m3
  size_t tile_rows = 1, tile_columns = 1;
  size_t matrix_rows = 1;       // of each matrix
  size_t down = 1, across = 1;  // tiles of a matrix
  float factor = 1;             // of all of them

  // The number of a row's first tile, rows counted through all matrices.
  size_t first_tile(size_t row) const {
    return (row / matrix_rows * down + row % matrix_rows / tile_rows) * across;
  }

  // Of the tile that the element is in.
  float at(size_t row, size_t column) const;
};

// Decodes elements [first, first + count) of row `row`, whose first element is at `source`: whole
// blocks of the type. Without scales, what dequantize() gives. Portable; the oracle of the kernels.
void dequantize_row(ElementType type, const TileScales* scales, size_t row, const std::byte* source,
                    size_t first, size_t count, float* target);

}  // namespace helicon::tensor
