// Matrices whose elements have too few bits of their own: tiles of them share a scale, which lies
// in a tensor of its own.
#pragma once

#include <cstddef>

#include "tensor/element_type.h"

namespace helicon::tensor {

struct TileScales {
  const std::byte* data = nullptr;      // [tiles down, tiles across]
  ElementType type = ElementType::f32;  // or f16, bf16, f8_e4m3
  size_t tile_rows = 1, tile_columns = 1;
  size_t across = 1;  // tiles of a row of the matrix
  float factor = 1;   // of all of them

  // Of the tile that the element is in.
  float at(size_t row, size_t column) const;
};

// Decodes elements [first, first + count) of row `row`, whose first element is at `source`: whole
// blocks of the type. Without scales, what dequantize() gives. Portable; the oracle of the kernels.
void dequantize_row(ElementType type, const TileScales* scales, size_t row, const std::byte* source,
                    size_t first, size_t count, float* target);

}  // namespace helicon::tensor
