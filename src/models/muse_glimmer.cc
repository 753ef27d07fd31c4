// Muse Glimmer, its text decoder: normalised embeddings, norms before and after, queries and keys
// normalised without a weight, a gate on what was attended, and layers that slide with positions
// beside full ones without (transformers 5.23.0, models/muse_glimmer).
#include <fmt/format.h>

#include "models/folder_config.h"
#include "models/gguf_config.h"
#include "models/recipe.h"

namespace helicon::models {
namespace {

constexpr TensorNames kNames = {
    .embedding = "model.language_model.embed_tokens.weight",
    .output_norm = "model.language_model.norm.weight",
    .output = "lm_head.weight",
    .layers = "model.language_model.layers.",
    .attention_norm = "input_layernorm.weight",
    .query = "self_attn.q_proj.weight",
    .key = "self_attn.k_proj.weight",
    .value = "self_attn.v_proj.weight",
    .query_bias = {},
    .key_bias = {},
    .value_bias = {},
    .query_norm = {},
    .key_norm = {},
    .attention_gate = "self_attn.gate_proj.weight",
    .attention_output = "self_attn.o_proj.weight",
    .after_attention_norm = "post_attention_layernorm.weight",
    .feed_forward_norm = "pre_feedforward_layernorm.weight",
    .gate = "mlp.gate_proj.weight",
    .up = "mlp.up_proj.weight",
    .down = "mlp.down_proj.weight",
    .after_feed_forward_norm = "post_feedforward_layernorm.weight",
};

// Of the configuration class, where a configuration is silent. GGUF does not have the epsilon.
constexpr float kAfterNormEpsilon = 1e-8f;
constexpr float kQueryScale = 3.87f;
constexpr float kLogitScale = 0.19611613513818404f;
constexpr float kLogitCap = 20;
constexpr size_t kWindow = 2048;
constexpr int32_t kImageToken = 200092, kVideoToken = 200091;

// Every fourth layer, counted back from the last, has no positions.
bool fourth_from_last(size_t layer, size_t layers) { return (layers - 1 - layer) % 4 == 0; }

void add_structure(DecoderConfig& config) {
  config.embedding_norm = true;
  config.attention_gate = true;
  config.after_norms = true;
  config.after_norm_epsilon = kAfterNormEpsilon;
}

// Which layers rotate: those whose layer_rope_theta is not zero. All use the theta of the
// configuration; the reference reads no more of these.
Result<std::vector<bool>> read_rotated_layers(const ModelNumbers& numbers, size_t layers) {
  std::vector<bool> rotated(layers);
  for (size_t i = 0; i < layers; ++i) rotated[i] = !fourth_from_last(i, layers);
  if (!numbers.has("layer_rope_theta")) return rotated;
  const std::string key = numbers.key("layer_rope_theta");
  HELICON_ASSIGN(const std::vector<double> thetas, numbers.file().metadata().number_array(key));
  if (thetas.size() != layers)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} has {} entries for {} layers", key, thetas.size(), layers)};
  for (size_t i = 0; i < layers; ++i) rotated[i] = thetas[i] != 0;
  return rotated;
}

// Ids beyond the vocabulary stand for nothing.
Status add_placeholder(const ModelNumbers& numbers, std::string_view name, int32_t otherwise,
                       DecoderConfig& config) {
  HELICON_ASSIGN(const size_t token,
                 numbers.count_or(name, kMaxVocabulary, static_cast<size_t>(otherwise)));
  if (token < config.vocabulary) config.placeholders.push_back(static_cast<int32_t>(token));
  return ok_status();
}

}  // namespace

Result<DecoderConfig> configure_muse_glimmer_folder(const weights::ModelFile& file) {
  const ModelNumbers whole(file, "config"), text(file, "config.text_config");
  HELICON_ASSIGN(DecoderConfig config, read_folder_common(text, kNames, "hidden_activation"));
  HELICON_ASSIGN(Rotation rotation, read_folder_rotation(text, config));
  config.rotations.push_back(std::move(rotation));
  add_structure(config);
  config.norm_offset = 1;
  config.query_key_norm = HeadNorm::plain;
  HELICON_ASSIGN(config.after_norm_epsilon, text.number_or("post_norm_eps", kAfterNormEpsilon));
  if (config.after_norm_epsilon < 0)
    return Error{ErrorCode::corrupt, "config.text_config.post_norm_eps is negative"};
  // The query is scaled behind its norm; rotation and product with the key are linear.
  HELICON_ASSIGN(const float query_scale, text.number_or("qk_scale_factor", kQueryScale));
  config.attention_scale *= query_scale;
  HELICON_ASSIGN(config.logit_scale, text.number_or("output_multiplier", kLogitScale));
  HELICON_ASSIGN(config.final_soft_cap, text.number_or("final_logit_softcapping", kLogitCap));
  HELICON_ASSIGN(const bool tied, whole.flag_or("tie_word_embeddings", false));
  config.tied_output = config.tied_output || (tied && !file.find(kNames.output));
  HELICON_ASSIGN(const size_t window, text.count_or("sliding_window", kMaxContext, kWindow));
  const size_t layers = config.layers.size();
  HELICON_ASSIGN(const std::vector<bool> sliding, read_sliding_layers(text, layers));
  HELICON_ASSIGN(const std::vector<bool> rotated, read_rotated_layers(text, layers));
  for (size_t i = 0; i < layers; ++i) {
    const bool slides = sliding.empty() ? !fourth_from_last(i, layers) : sliding[i];
    config.layers[i] = {.window = slides ? static_cast<int>(window) : 0,
                        .rotation = rotated[i] ? 0 : -1};
  }
  HELICON_TRY(add_placeholder(whole, "image_token_id", kImageToken, config));
  HELICON_TRY(add_placeholder(whole, "video_token_id", kVideoToken, config));
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
  add_structure(config);
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
  for (const int32_t token : {kImageToken, kVideoToken})
    if (static_cast<size_t>(token) < config.vocabulary) config.placeholders.push_back(token);
  return config;
}

}  // namespace helicon::models
