#include <fmt/format.h>

#include <numeric>

#include "encoders/audio_pyramid.h"
#include "encoders/muse_tokens.h"
#include "weights/model_numbers.h"

namespace helicon::encoders {
namespace {

using weights::kMaxHidden;
using weights::ModelNumbers;

// Of the configuration class, where a file is silent.
const std::vector<int64_t> default_patches = {16, 6, 5, 4}, default_hidden = {256, 512, 1024, 2048},
                           default_blocks = {2, 2, 2, 2};
constexpr size_t kKernel = 7, kRatio = 4;
constexpr int64_t kMaxPatch = 4096, kMaxBlocks = 64;
constexpr size_t kMaxLevels = 16, kMaxKernel = 64, kMaxRatio = 64;

Result<std::vector<int64_t>> read_list(const ModelNumbers& audio, std::string_view name,
                                       const std::vector<int64_t>& otherwise, int64_t most) {
  if (!audio.has(name)) return otherwise;
  HELICON_ASSIGN(auto list, audio.file().metadata().integer_array(audio.key(name)));
  for (const int64_t one : list)
    if (one < 1 || one > most)
      return Error{ErrorCode::corrupt,
                   fmt::format("{} has {}, expected 1 to {}", audio.key(name), one, most)};
  return list;
}

}  // namespace

size_t AudioConfig::samples_per_token() const {
  return std::accumulate(levels.begin(), levels.end(), size_t{1},
                         [](size_t product, const Level& level) { return product * level.patch; });
}

Result<AudioConfig> configure_audio(const weights::ModelFile& file) {
  HELICON_ASSIGN(const std::string architecture, file.metadata().string("general.architecture"));
  if (architecture != "muse_spark")
    return Error{ErrorCode::not_found,
                 fmt::format("models of architecture {} have no ears here", architecture)};
  const ModelNumbers whole(file, "config"), audio(file, "config.audio_config"),
      text(file, "config.text_config");
  AudioConfig config;
  HELICON_ASSIGN(const auto patches, read_list(audio, "patch_sizes", default_patches, kMaxPatch));
  HELICON_ASSIGN(const auto hidden, read_list(audio, "hidden_sizes", default_hidden,
                                              static_cast<int64_t>(kMaxHidden)));
  HELICON_ASSIGN(const auto blocks, read_list(audio, "depths", default_blocks, kMaxBlocks));
  if (patches.size() != hidden.size() || patches.size() != blocks.size() || patches.empty() ||
      patches.size() > kMaxLevels)
    return Error{ErrorCode::corrupt, fmt::format("{} has {} levels, {} and {} by its other lists",
                                                 audio.key("patch_sizes"), patches.size(),
                                                 hidden.size(), blocks.size())};
  for (size_t i = 0; i < patches.size(); ++i)
    config.levels.push_back({static_cast<size_t>(patches[i]), static_cast<size_t>(hidden[i]),
                             static_cast<size_t>(blocks[i])});
  if (config.samples_per_token() > size_t{1} << 20)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} make {} samples a token", audio.key("patch_sizes"),
                             config.samples_per_token())};
  HELICON_ASSIGN(config.kernel, audio.count_or("conv_kernel_size", kMaxKernel, kKernel));
  HELICON_ASSIGN(const float ratio, audio.number_or("mlp_ratio", kRatio));
  config.mlp_ratio = ratio >= 1 && ratio <= kMaxRatio ? static_cast<size_t>(ratio) : 0;
  if (static_cast<float>(config.mlp_ratio) != ratio)
    return Error{ErrorCode::unsupported,
                 fmt::format("{} is {}, expected a whole number from 1 to {}",
                             audio.key("mlp_ratio"), ratio, kMaxRatio)};
  HELICON_ASSIGN(const std::string activation, audio.text_or("hidden_act", "gelu"));
  if (activation != "gelu")
    return Error{ErrorCode::unsupported, fmt::format("{} \"{}\" is not supported, only gelu",
                                                     audio.key("hidden_act"), activation)};
  HELICON_ASSIGN(config.norm_epsilon, audio.number_or("rms_norm_eps", 1e-6f));
  HELICON_ASSIGN(config.output_epsilon, text.number_or("rms_norm_eps", 1e-5f));
  if (config.norm_epsilon < 0 || config.output_epsilon < 0)
    return Error{ErrorCode::corrupt, "an epsilon of the audio pyramid is negative"};
  HELICON_ASSIGN(config.output, text.count("hidden_size", kMaxHidden));
  HELICON_ASSIGN(const size_t said, audio.count_or("out_hidden_size", kMaxHidden, config.output));
  if (said != config.output)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} is {}, but the text model has {}", audio.key("out_hidden_size"),
                             said, config.output)};
  HELICON_ASSIGN(const size_t token,
                 whole.count_or("audio_token_id", weights::kMaxVocabulary, kMuseAudioToken));
  config.token = static_cast<int32_t>(token);
  return config;
}

}  // namespace helicon::encoders
