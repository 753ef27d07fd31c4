// Muse Spark, its text decoder: Muse Glimmer's, with what was attended normalised a head, residuals
// that are gated, and a feed-forward of experts that are narrower than the model (transformers
// 5.23.0, models/muse_spark).
#include <fmt/format.h>

#include "models/muse.h"
#include "models/recipe.h"

namespace helicon::models {
namespace {

constexpr TensorNames kNames = [] {
  TensorNames names = kMuseNames;
  names.after_attention_norm = {};
  names.attention_residual_gate = "post_attention_residual_gate.gate";
  names.feed_forward_residual_gate = "post_feedforward_residual_gate.gate";
  names.router = "mlp.gate.weight";
  names.router_bias = "mlp.gate.e_score_correction_bias";
  names.experts_in = "mlp.pre_expert_proj.weight";
  names.experts_norm = "mlp.pre_expert_norm.weight";
  names.experts_gate_up = "mlp.experts.gate_up_proj";
  names.experts_down = "mlp.experts.down_proj";
  names.after_expert_norm = "mlp.experts.post_expert_norm.weight";
  names.experts_out = "mlp.post_expert_proj.weight";
  return names;
}();

// Of the configuration class, where a configuration is silent.
constexpr MuseDefaults kDefaults = {.activation = "hidden_act",
                                    .query_scale = 5.4730064863875f,
                                    .logit_scale = 0.1767766952966369f,
                                    .theta = 500000};
constexpr size_t kExperts = 256, kChosen = 8, kWidth = 4096, kFeedForward = 4096;
constexpr size_t kMostExperts = 4096;
constexpr float kTemperature = 0.3f;

// Which layers have experts: all, unless mlp_layer_types says otherwise.
Result<std::vector<bool>> read_sparse_layers(const ModelNumbers& text, size_t layers) {
  HELICON_ASSIGN(std::vector<bool> sparse,
                 text.by_layer("mlp_layer_types", layers, "sparse", "dense"));
  sparse.resize(layers, true);
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
  HELICON_TRY(add_muse_placeholder(file, "audio_token_id", encoders::kMuseAudioToken, config));
  return config;
}

}  // namespace helicon::models
