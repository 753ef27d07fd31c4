// The table of tensors of a GGUF file.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "weights/byte_cursor.h"
#include "weights/model_file.h"

namespace helicon::weights {

// The fewest bytes a tensor's entry can take: length, one letter, dimensions (one), type, offset.
constexpr size_t min_tensor_bytes = 8 + 1 + 4 + 8 + 4 + 8;

// Reads `count` entries, up to which the cursor has read `file`, and finds their data in it: that
// starts at the next multiple of `alignment` (a power of two). Errors: corrupt (shapes, sizes and
// offsets that cannot be, overlaps, duplicate names), unsupported (element types); each names the
// tensor.
Result<std::vector<TensorView>> read_tensors(ByteCursor& cursor, size_t count, size_t alignment,
                                             std::span<const std::byte> file);

}  // namespace helicon::weights
