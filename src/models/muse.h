// What the text decoders of Muse have in common.
#pragma once

#include <string_view>

#include "base/result.h"
#include "encoders/muse_tokens.h"
#include "models/config.h"
#include "weights/model_file.h"

namespace helicon::models {

// Of the configuration classes, where a configuration is silent.
struct MuseDefaults {
  std::string_view activation;  // the key of its name
  float query_scale, logit_scale, theta;
};
inline constexpr float kMuseAfterNormEpsilon = 1e-8f;

inline constexpr TensorNames kMuseNames = [] {
  TensorNames names = kFolderNames;
  names.embedding = "model.language_model.embed_tokens.weight";
  names.output_norm = "model.language_model.norm.weight";
  names.layers = "model.language_model.layers.";
  names.after_attention_norm = "post_attention_layernorm.weight";
  names.feed_forward_norm = "pre_feedforward_layernorm.weight";
  names.after_feed_forward_norm = "post_feedforward_layernorm.weight";
  return names;
}();

// Of a folder: normalised embeddings, queries and keys normalised without a weight, a gate on what
// was attended, norms before and after; layers that slide, and that rotate, each as it is said.
Result<DecoderConfig> read_muse_folder(const weights::ModelFile& file, const TensorNames& names,
                                       const MuseDefaults& defaults);

// Names the token of the configuration that stands for a medium. One beyond the vocabulary stands
// for nothing.
Status add_muse_placeholder(const weights::ModelFile& file, std::string_view key, int32_t otherwise,
                            DecoderConfig& config);

}  // namespace helicon::models
