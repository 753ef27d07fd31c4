// One safetensors file (specification: huggingface.co/docs/safetensors, "Format").
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "weights/model_file.h"

namespace helicon::weights {

// Finds the tensors that `bytes`, a whole file, holds: the length of a header in 8 bytes, the
// header in JSON, the data. F32, F16, BF16 and F8_E4M3, and U8 as pairs of FP4, whose last
// dimension is doubled; a scalar gets the shape {1}. Tensors must follow each other without gaps
// and fill the data, as the format demands. `file` is what errors call the file. Errors: corrupt
// (lengths, shapes and offsets that cannot be, overlaps, gaps, a name twice), unsupported (element
// types, tensors without elements), too_large (header); each names the tensor.
Result<std::vector<TensorView>> read_safetensors(std::span<const std::byte> bytes,
                                                 const std::string& file);

}  // namespace helicon::weights
