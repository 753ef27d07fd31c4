// Muse Spark, its text decoder: Muse Glimmer's, with what was attended normalised a head, residuals
// that are gated, and a feed-forward of experts that are narrower than the model (transformers
// 5.23.0, models/muse_spark).
#include <fmt/format.h>

#include "models/muse.h"
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
    .after_attention_norm = {},
    .feed_forward_norm = "pre_feedforward_layernorm.weight",
    .gate = "mlp.gate_proj.weight",
    .up = "mlp.up_proj.weight",
    .down = "mlp.down_proj.weight",
    .after_feed_forward_norm = "post_feedforward_layernorm.weight",
    .attention_residual_gate = "post_attention_residual_gate.gate",
    .feed_forward_residual_gate = "post_feedforward_residual_gate.gate",
    .router = "mlp.gate.weight",
    .router_bias = "mlp.gate.e_score_correction_bias",
    .experts_in = "mlp.pre_expert_proj.weight",
    .experts_norm = "mlp.pre_expert_norm.weight",
    .experts_gate_up = "mlp.experts.gate_up_proj",
    .experts_down = "mlp.experts.down_proj",
    .after_expert_norm = "mlp.experts.post_expert_norm.weight",
    .experts_out = "mlp.post_expert_proj.weight",
};

// Of the configuration class, where a configuration is silent.
constexpr MuseDefaults kDefaults = {.activation = "hidden_act",
                                    .query_scale = 5.4730064863875f,
                                    .logit_scale = 0.1767766952966369f,
                                    .theta = 500000};
constexpr size_t kExperts = 256, kChosen = 8, kWidth = 4096, kFeedForward = 4096;
constexpr size_t kMostExperts = 4096;
constexpr float kTemperature = 0.3f;
constexpr int32_t kAudioToken = 200038;

// Which layers have experts: all, unless mlp_layer_types says otherwise.
Result<std::vector<bool>> read_sparse_layers(const ModelNumbers& text, size_t layers) {
  std::vector<bool> sparse(layers, true);
  if (!text.has("mlp_layer_types")) return sparse;
  const std::string key = text.key("mlp_layer_types");
  HELICON_ASSIGN(const auto* types, text.file().metadata().string_array(key));
  if (types->size() != layers)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} has {} entries for {} layers", key, types->size(), layers)};
  for (size_t i = 0; i < layers; ++i) {
    sparse[i] = (*types)[i] == "sparse";
    if (!sparse[i] && (*types)[i] != "dense")
      return Error{ErrorCode::unsupported,
                   fmt::format("{} has a type that is neither sparse nor dense", key)};
  }
  return sparse;
}

Result<ExpertsConfig> read_experts(const ModelNumbers& text, float logit_scale) {
  ExpertsConfig experts;
  HELICON_ASSIGN(experts.count, text.count_or("num_local_experts", kMostExperts, kExperts));
  HELICON_ASSIGN(experts.chosen, text.count_or("num_experts_per_tok", experts.count, kChosen));
  HELICON_ASSIGN(experts.width, text.count_or("moe_hidden_size", kMaxHidden, kWidth));
  HELICON_ASSIGN(experts.feed_forward,
                 text.count_or("moe_intermediate_size", kMaxHidden, kFeedForward));
  HELICON_ASSIGN(experts.weight_scale, text.number_or("routed_scaling_factor", 1.0f));
  experts.logit_scale = logit_scale;
  if (experts.chosen > experts.count)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} experts are chosen of {}", experts.chosen, experts.count)};
  return experts;
}

}  // namespace

Result<DecoderConfig> configure_muse_spark_folder(const weights::ModelFile& file) {
  const ModelNumbers text(file, "config.text_config");
  HELICON_ASSIGN(DecoderConfig config, read_muse_folder(file, kNames, kDefaults));
  config.attended_norm = true;
  config.after_attention = AfterNorm::plain;
  config.after_feed_forward = AfterNorm::scaled_first;
  HELICON_ASSIGN(config.residual_temperature,
                 text.number_or("residual_gate_temperature", kTemperature));
  if (!(config.residual_temperature > 0))
    return Error{ErrorCode::corrupt,
                 "config.text_config.residual_gate_temperature must be positive"};
  HELICON_ASSIGN(config.sparse, read_sparse_layers(text, config.layers.size()));
  HELICON_ASSIGN(config.experts, read_experts(text, config.logit_scale));
  HELICON_TRY(add_muse_placeholder(file, "audio_token_id", kAudioToken, config));
  return config;
}

}  // namespace helicon::models
