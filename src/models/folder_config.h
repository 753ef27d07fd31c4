// The part of a folder's config.json that all decoder architectures write alike, as the classes of
// transformers read it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/config.h"
#include "weights/model_numbers.h"

namespace helicon::models {

inline constexpr size_t kUsualHeadSize = 128;  // of most configuration classes

// Sizes, context, epsilon and attention scale; layers attend to everything with rotation 0, which
// the caller fills. `activation` is the key of the activation's name; `head_size` what a class has
// where a file is silent, 0: the hidden size divided among heads. Checks that sizes fit each other,
// and refuses biases and activations that no recipe has.
Result<DecoderConfig> read_folder_numbers(const ModelNumbers& numbers, const TensorNames& names,
                                          std::string_view activation, size_t head_size);
// The same with the vocabulary, and whether its table is the output, too.
Result<DecoderConfig> read_folder_common(const ModelNumbers& numbers, const TensorNames& names,
                                         std::string_view activation, size_t head_size);

// Frequencies of rope_parameters (transformers 5), or of rope_theta and rope_scaling (before it).
// `theta`: where the configuration is silent. Scalings other than linear are unsupported, and so
// are parameters by type of layer.
Result<Rotation> read_folder_rotation(const ModelNumbers& numbers, const DecoderConfig& config,
                                      float theta = 10000);

// Which layers slide, of layer_types; empty where the configuration is silent. Errors: corrupt (not
// one for each layer), unsupported (a type that is neither sliding_attention nor full_attention).
Result<std::vector<bool>> read_sliding_layers(const ModelNumbers& numbers, size_t layers);

}  // namespace helicon::models
