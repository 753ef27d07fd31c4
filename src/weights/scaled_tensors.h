// Matrices of 8 and 4 bits in a model folder, whose scales are tensors of their own.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "weights/model_file.h"

namespace helicon::weights {

// Gives each FP8 and FP4 matrix its scales, which are then no tensors of their own any more, and
// the name that it has without them. Known are
//   X, X_scale_inv           FP8, as DeepSeek and transformers ("fp8") write it
//   X, X_scale               FP8, compressed-tensors ("float-quantized") and ModelOpt
//   X_packed, X_scale, X_global_scale   NVFP4, compressed-tensors ("nvfp4-pack-quantized")
//   X, X_scale, X_scale_2    NVFP4, ModelOpt
// with one scale for all, for each row, for each run of a row, or for each tile of a grid, whose
// size quantization_config tells (`weight_block_size`, or `block_structure` of a group). What
// activations would be rounded to is not read. Errors: corrupt (scales that do not fit),
// unsupported (bytes, or FP8, without scales); each names the tensor.
Status join_scales(const std::filesystem::path& folder, const Metadata& metadata,
                   std::vector<TensorView>& tensors);

}  // namespace helicon::weights
