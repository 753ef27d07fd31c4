#include "tensor/tile_scales.h"

namespace helicon::tensor {

float TileScales::at(size_t row, size_t column) const {
  const size_t tile = first_tile(row) + column / tile_columns;
  float scale = 0;
  dequantize(type, data + tile * info(type).block_bytes, &scale, 1);
  return scale * factor;
}

void dequantize_row(ElementType type, const TileScales* scales, size_t row, const std::byte* source,
                    size_t first, size_t count, float* target) {
  const ElementTypeInfo& element = info(type);
  dequantize(type, source + first / element.block_elements * element.block_bytes, target, count);
  if (!scales) return;
  for (size_t i = 0; i < count; ++i) target[i] *= scales->at(row, first + i);
}

}  // namespace helicon::tensor
