#include "models/muse.h"

#include <fmt/format.h>

#include "models/folder_config.h"

namespace helicon::models {
namespace {

constexpr float kLogitCap = 20;
constexpr size_t kWindow = 2048;

// Every fourth layer, counted back from the last, has no positions.
bool fourth_from_last(size_t layer, size_t layers) { return (layers - 1 - layer) % 4 == 0; }

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

}  // namespace

Status add_muse_placeholder(const weights::ModelFile& file, std::string_view key, int32_t otherwise,
                            DecoderConfig& config) {
  const ModelNumbers whole(file, "config");
  HELICON_ASSIGN(const size_t token,
                 whole.count_or(key, kMaxVocabulary, static_cast<size_t>(otherwise)));
  if (token < config.vocabulary) config.placeholders.push_back(static_cast<int32_t>(token));
  return ok_status();
}

Result<DecoderConfig> read_muse_folder(const weights::ModelFile& file, const TensorNames& names,
                                       const MuseDefaults& defaults) {
  const ModelNumbers whole(file, "config"), text(file, "config.text_config");
  HELICON_ASSIGN(DecoderConfig config,
                 read_folder_common(text, names, defaults.activation, kUsualHeadSize));
  HELICON_ASSIGN(Rotation rotation, read_folder_rotation(text, config, defaults.theta));
  config.rotations.push_back(std::move(rotation));
  config.embedding_norm = true;
  config.attention_gate = true;
  config.norm_offset = 1;
  config.query_key_norm = HeadNorm::plain;
  HELICON_ASSIGN(config.after_norm_epsilon, text.number_or("post_norm_eps", kMuseAfterNormEpsilon));
  if (config.after_norm_epsilon < 0)
    return Error{ErrorCode::corrupt, "config.text_config.post_norm_eps is negative"};
  // The query is scaled behind its norm; rotation and product with the key are linear.
  HELICON_ASSIGN(const float query_scale, text.number_or("qk_scale_factor", defaults.query_scale));
  config.attention_scale *= query_scale;
  HELICON_ASSIGN(config.logit_scale, text.number_or("output_multiplier", defaults.logit_scale));
  HELICON_ASSIGN(config.final_soft_cap, text.number_or("final_logit_softcapping", kLogitCap));
  HELICON_ASSIGN(const bool tied, whole.flag_or("tie_word_embeddings", false));
  config.tied_output = config.tied_output || (tied && !file.find(names.output));
  HELICON_ASSIGN(const size_t window, text.count_or("sliding_window", kMaxContext, kWindow));
  const size_t layers = config.layers.size();
  HELICON_ASSIGN(const std::vector<bool> sliding, read_sliding_layers(text, layers));
  HELICON_ASSIGN(const std::vector<bool> rotated, read_rotated_layers(text, layers));
  for (size_t i = 0; i < layers; ++i) {
    const bool slides = sliding.empty() ? !fourth_from_last(i, layers) : sliding[i];
    config.layers[i] = {.window = slides ? static_cast<int>(window) : 0,
                        .rotation = rotated[i] ? 0 : -1};
  }
  HELICON_TRY(add_muse_placeholder(file, "image_token_id", encoders::kMuseImageToken, config));
  HELICON_TRY(add_muse_placeholder(file, "video_token_id", encoders::kMuseVideoToken, config));
  return config;
}

}  // namespace helicon::models
