// Muse's vision tower, as the configuration of a folder has it (transformers 5.23.0,
// models/muse_glimmer and models/muse_spark).
#include "encoders/vision_config.h"

#include <fmt/format.h>

#include <cmath>

#include "encoders/muse_tokens.h"
#include "weights/model_numbers.h"

namespace helicon::encoders {
namespace {

using weights::kMaxHeads;
using weights::kMaxHeadSize;
using weights::kMaxHidden;
using weights::kMaxLayers;
using weights::ModelNumbers;

constexpr VisionNames kMuseNames = {
    .patches = "model.vision_tower.patch_embedder.patch_embedding",
    .positions = "model.vision_tower.patch_embedder.position_embedding_table",
    .norm_before = "model.vision_tower.ln_pre",
    .norm_after = "model.vision_tower.ln_post",
    .layers = "model.vision_tower.layers.",
    .attention_norm = "norm1",
    .query = "attn.q_proj",
    .key = "attn.k_proj",
    .value = "attn.v_proj",
    .attention_output = "attn.proj",
    .feed_forward_norm = "norm2",
    .up = "mlp.fc1",
    .down = "mlp.fc2",
    .adapter_in = "model.vision_adapter.fc1",
    .adapter_out = "model.vision_adapter.fc2",
    .projection = "model.vision_projection",
};

constexpr size_t kMaxPatch = 64, kMaxFrames = 8, kMaxTable = 1024, kMaxMerge = 8;

// Of the configuration classes, where a file is silent.
constexpr size_t kPatch = 14, kFrames = 2, kTable = 32, kMerge = 2, kHidden = 1536,
                 kFeedForward = 8960, kHeads = 16, kLayers = 50, kAdapter = 4096;

Status check_activation(const ModelNumbers& numbers, std::string_view name) {
  HELICON_ASSIGN(const std::string named, numbers.text_or(name, "gelu"));
  if (named == "gelu") return ok_status();
  return Error{ErrorCode::unsupported,
               fmt::format("{} \"{}\" is not supported, only gelu", numbers.key(name), named)};
}

Status check_heads(const VisionConfig& config) {
  if (config.hidden % config.heads != 0)
    return Error{ErrorCode::corrupt, fmt::format("{} numbers cannot be shared by {} vision heads",
                                                 config.hidden, config.heads)};
  if (config.head_size() % 8 != 0 || config.head_size() > kMaxHeadSize)
    return Error{ErrorCode::unsupported,
                 fmt::format("vision heads of {} are not supported: it must be a multiple of 8, at "
                             "most {}",
                             config.head_size(), kMaxHeadSize)};
  return ok_status();
}

// theta^(-2i/d) for d = half of a head: the other half is for the other axis.
Result<std::vector<float>> read_frequencies(const ModelNumbers& vision, size_t head_size) {
  HELICON_ASSIGN(const std::string type, vision.text_or("rope_parameters.rope_type", "axial"));
  if (type != "axial")
    return Error{ErrorCode::unsupported,
                 fmt::format("{} \"{}\" is not supported, only axial",
                             vision.key("rope_parameters.rope_type"), type)};
  HELICON_ASSIGN(const float theta, vision.number_or("rope_parameters.rope_theta", 10000.0f));
  if (!(theta > 0))
    return Error{ErrorCode::corrupt,
                 fmt::format("{} must be positive", vision.key("rope_parameters.rope_theta"))};
  const size_t axis = head_size / 2;
  std::vector<float> frequencies;
  for (size_t i = 0; i < axis; i += 2)
    frequencies.push_back(1.0f / std::pow(theta, static_cast<float>(i) / static_cast<float>(axis)));
  return frequencies;
}

// Every fourth layer and the last see the whole picture, unless layer_types says otherwise.
Result<std::vector<bool>> read_windowed(const ModelNumbers& vision, size_t layers) {
  HELICON_ASSIGN(std::vector<bool> windowed,
                 vision.by_layer("layer_types", layers, "window_attention", "full_attention"));
  for (size_t i = windowed.size(); i < layers; ++i)
    windowed.push_back((i + 1) % 4 != 0 && i + 1 != layers);
  return windowed;
}

Result<VisionConfig> configure_muse(const weights::ModelFile& file) {
  const ModelNumbers whole(file, "config"), vision(file, "config.vision_config"),
      text(file, "config.text_config");
  VisionConfig config;
  config.names = &kMuseNames;
  const auto token = [&](const char* key, int32_t otherwise, int32_t& target) -> Status {
    HELICON_ASSIGN(const size_t found, whole.count_or(key, weights::kMaxVocabulary, otherwise));
    target = static_cast<int32_t>(found);
    return ok_status();
  };
  HELICON_TRY(token("image_token_id", kMuseImageToken, config.image_token));
  HELICON_TRY(token("video_token_id", kMuseVideoToken, config.video_token));
  HELICON_ASSIGN(config.patch, vision.count_or("patch_size", kMaxPatch, kPatch));
  HELICON_ASSIGN(config.frames, vision.count_or("patch_temporal", kMaxFrames, kFrames));
  HELICON_ASSIGN(config.hidden, vision.count_or("hidden_size", kMaxHidden, kHidden));
  HELICON_ASSIGN(config.feed_forward,
                 vision.count_or("intermediate_size", kMaxHidden, kFeedForward));
  HELICON_ASSIGN(config.heads, vision.count_or("num_attention_heads", kMaxHeads, kHeads));
  HELICON_ASSIGN(const size_t layers, vision.count_or("num_hidden_layers", kMaxLayers, kLayers));
  HELICON_ASSIGN(config.table, vision.count_or("pos_emb_height", kMaxTable, kTable));
  HELICON_ASSIGN(const size_t width, vision.count_or("pos_emb_width", kMaxTable, kTable));
  if (width != config.table)
    return Error{ErrorCode::unsupported,
                 fmt::format("{} and its width differ ({} and {}): only square tables of positions "
                             "are supported",
                             vision.key("pos_emb_height"), config.table, width)};
  HELICON_ASSIGN(config.merge, vision.count_or("merge_size", kMaxMerge, kMerge));
  HELICON_ASSIGN(config.outer_norm_epsilon, vision.number_or("layer_norm_eps", 1e-5f));
  HELICON_ASSIGN(config.output_epsilon, text.number_or("rms_norm_eps", 1e-5f));
  if (config.outer_norm_epsilon < 0 || config.output_epsilon < 0)
    return Error{ErrorCode::corrupt, "an epsilon of the vision tower is negative"};
  HELICON_TRY(check_heads(config));
  HELICON_TRY(check_activation(vision, "hidden_act"));
  HELICON_TRY(check_activation(whole, "projector_hidden_act"));
  HELICON_ASSIGN(config.frequencies, read_frequencies(vision, config.head_size()));
  HELICON_ASSIGN(config.windowed, read_windowed(vision, layers));
  HELICON_ASSIGN(config.adapter, whole.count_or("projector_hidden_size", kMaxHidden, kAdapter));
  HELICON_ASSIGN(config.output, text.count("hidden_size", kMaxHidden));
  const size_t merged = config.hidden * config.merge * config.merge;
  HELICON_ASSIGN(const size_t said, whole.count_or("out_hidden_size", kMaxHidden, merged));
  if (said != merged)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} is {}, but {} patches of {} are {}", whole.key("out_hidden_size"),
                             said, config.merge * config.merge, config.hidden, merged)};
  return config;
}

}  // namespace

Result<VisionConfig> configure_vision(const weights::ModelFile& file) {
  HELICON_ASSIGN(const std::string architecture, file.metadata().string("general.architecture"));
  if (architecture == "muse_glimmer" || architecture == "muse_spark") {
    HELICON_ASSIGN(VisionConfig config, configure_muse(file));
    config.transposed_positions = architecture == "muse_spark";
    return config;
  }
  return Error{ErrorCode::not_found,
               fmt::format("models of architecture {} have no eyes here", architecture)};
}

}  // namespace helicon::encoders
