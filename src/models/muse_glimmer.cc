// Muse Glimmer, its text decoder: normalised embeddings, norms before and after, queries and keys
// normalised without a weight, a gate on what was attended, and layers that slide with positions
// beside full ones without (transformers 5.23.0, models/muse_glimmer).
#include <fmt/format.h>

#include "models/gguf_config.h"
#include "models/muse.h"
#include "models/recipe.h"

namespace helicon::models {
namespace {

constexpr MuseDefaults kDefaults = {.activation = "hidden_activation",
                                    .query_scale = 3.87f,
                                    .logit_scale = 0.19611613513818404f,
                                    .theta = 10000};

}  // namespace

Result<DecoderConfig> configure_muse_glimmer_folder(const weights::ModelFile& file) {
  HELICON_ASSIGN(DecoderConfig config, read_muse_folder(file, kMuseNames, kDefaults));
  config.after_attention = config.after_feed_forward = AfterNorm::weighted;
  return config;
}

// Layers that slide rotate, and no others. 1 is added to the norms, the query's scale is the weight
// of its norm, and pairs are neighbours (llama.cpp, conversion/muse_glimmer.py).
Result<DecoderConfig> configure_muse_glimmer(const weights::ModelFile& file) {
  const ModelNumbers numbers(file, "muse-glimmer");
  HELICON_ASSIGN(DecoderConfig config, read_common(numbers));
  HELICON_ASSIGN(Rotation rotation, read_rotation(numbers, config));
  if (numbers.has("rope.freq_base_swa")) {
    HELICON_ASSIGN(const float theta, numbers.number("rope.freq_base_swa"));
    if (!(theta > 0))
      return Error{ErrorCode::corrupt, "muse-glimmer.rope.freq_base_swa must be positive"};
    rotation = make_rotation(config.head_size / 2, theta, 1.0f);
  }
  config.rotations.push_back(std::move(rotation));
  config.embedding_norm = true;
  config.attention_gate = true;
  config.after_attention = config.after_feed_forward = AfterNorm::weighted;
  config.after_norm_epsilon = kMuseAfterNormEpsilon;  // GGUF does not have it
  config.query_key_norm = HeadNorm::weighted;
  config.interleaved_rotation = true;
  HELICON_ASSIGN(config.logit_scale, numbers.number("logit_scale"));
  HELICON_ASSIGN(config.final_soft_cap, numbers.number("final_logit_softcapping"));
  HELICON_ASSIGN(const size_t window, numbers.count("attention.sliding_window", kMaxContext));
  // A flag for each layer, as the converter writes them, or every how manieth layer is full.
  const std::string key = numbers.key("attention.sliding_window_pattern");
  const weights::MetadataValue* pattern = file.metadata().find(key);
  const auto* flags = pattern ? std::get_if<std::vector<bool>>(pattern) : nullptr;
  size_t period = 4;
  if (flags && flags->size() != config.layers.size())
    return Error{ErrorCode::corrupt, fmt::format("{} has {} entries for {} layers", key,
                                                 flags->size(), config.layers.size())};
  if (!flags) {
    HELICON_ASSIGN(period,
                   numbers.count_or("attention.sliding_window_pattern", kMaxLayers, period));
  }
  for (size_t i = 0; i < config.layers.size(); ++i) {
    const bool slides = flags ? (*flags)[i] : (i + 1) % period != 0;
    config.layers[i] = {.window = slides ? static_cast<int>(window) : 0,
                        .rotation = slides ? 0 : -1};
  }
  for (const int32_t token : {encoders::kMuseImageToken, encoders::kMuseVideoToken})
    if (static_cast<size_t>(token) < config.vocabulary) config.placeholders.push_back(token);
  return config;
}

}  // namespace helicon::models
