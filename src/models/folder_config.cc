#include "models/folder_config.h"

#include <fmt/format.h>

#include <cmath>

#include "models/gguf_config.h"

namespace helicon::models {
Result<DecoderConfig> read_folder_numbers(const ModelNumbers& numbers, const TensorNames& names,
                                          std::string_view activation, size_t head_size) {
  DecoderConfig config;
  config.names = &names;
  HELICON_ASSIGN(config.hidden, numbers.count("hidden_size", kMaxHidden));
  HELICON_ASSIGN(config.feed_forward, numbers.count("intermediate_size", kMaxHidden));
  HELICON_ASSIGN(config.heads, numbers.count("num_attention_heads", kMaxHeads));
  HELICON_ASSIGN(config.kv_heads, numbers.count_or("num_key_value_heads", kMaxHeads, config.heads));
  HELICON_ASSIGN(config.context, numbers.count("max_position_embeddings", kMaxContext));
  HELICON_ASSIGN(const size_t layers, numbers.count("num_hidden_layers", kMaxLayers));
  if (head_size == 0) head_size = config.hidden / config.heads;
  HELICON_ASSIGN(config.head_size, numbers.count_or("head_dim", kMaxHeadSize, head_size));
  HELICON_ASSIGN(config.norm_epsilon, numbers.number("rms_norm_eps"));
  if (config.norm_epsilon < 0)
    return Error{ErrorCode::corrupt, fmt::format("{} is negative ({})", numbers.key("rms_norm_eps"),
                                                 config.norm_epsilon)};
  config.after_norm_epsilon = config.norm_epsilon;
  HELICON_TRY(check_heads(config));
  HELICON_ASSIGN(const bool bias, numbers.flag_or("attention_bias", false));
  if (bias)
    return Error{ErrorCode::unsupported,
                 fmt::format("{} is true: biases of the attention are not supported here",
                             numbers.key("attention_bias"))};
  HELICON_ASSIGN(const std::string named, numbers.text_or(activation, "silu"));
  if (named != "silu")
    return Error{ErrorCode::unsupported, fmt::format("{} \"{}\" is not supported, only silu",
                                                     numbers.key(activation), named)};
  config.attention_scale = 1.0f / std::sqrt(static_cast<float>(config.head_size));
  config.layers.resize(layers);
  return config;
}

Result<DecoderConfig> read_folder_common(const ModelNumbers& numbers, const TensorNames& names,
                                         std::string_view activation, size_t head_size) {
  HELICON_ASSIGN(DecoderConfig config, read_folder_numbers(numbers, names, activation, head_size));
  const weights::TensorView* embedding = numbers.file().find(names.embedding);
  if (!embedding || embedding->shape.size() != 2 || embedding->shape[0] > kMaxVocabulary)
    return Error{ErrorCode::corrupt,
                 fmt::format("tensor {} is missing or is no matrix", names.embedding)};
  config.vocabulary = static_cast<size_t>(embedding->shape[0]);
  HELICON_ASSIGN(const size_t said,
                 numbers.count_or("vocab_size", kMaxVocabulary, config.vocabulary));
  if (said != config.vocabulary)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} is {}, but tensor {} has {} rows", numbers.key("vocab_size"), said,
                             names.embedding, config.vocabulary)};
  HELICON_ASSIGN(const bool tied, numbers.flag_or("tie_word_embeddings", false));
  config.tied_output = tied && !numbers.file().find(names.output);
  return config;
}

Result<Rotation> read_folder_rotation(const ModelNumbers& numbers, const DecoderConfig& config,
                                      float theta) {
  for (const std::string_view type : {"full_attention", "sliding_attention"})
    if (numbers.has(fmt::format("rope_parameters.{}.rope_theta", type)))
      return Error{ErrorCode::unsupported,
                   fmt::format("{} are not supported",
                               numbers.key(fmt::format("rope_parameters.{}", type)))};
  const std::string_view section =
      numbers.has("rope_parameters.rope_type") || numbers.has("rope_parameters.rope_theta")
          ? "rope_parameters"
          : "rope_scaling";
  const auto within = [&](std::string_view name) { return fmt::format("{}.{}", section, name); };
  HELICON_ASSIGN(const std::string older, numbers.text_or(within("type"), "default"));
  HELICON_ASSIGN(const std::string type, numbers.text_or(within("rope_type"), older));
  float factor = 1;
  if (type == "linear") {
    HELICON_ASSIGN(factor, numbers.number(within("factor")));
  } else if (type != "default") {
    return Error{ErrorCode::unsupported,
                 fmt::format("{} \"{}\" is not supported; known are default and linear",
                             numbers.key(within("rope_type")), type)};
  }
  HELICON_ASSIGN(const float outside, numbers.number_or("rope_theta", theta));
  HELICON_ASSIGN(theta, numbers.number_or("rope_parameters.rope_theta", outside));
  if (!(theta > 0) || !(factor > 0))
    return Error{ErrorCode::corrupt,
                 fmt::format("{} is {} with a factor of {}; both must be positive",
                             numbers.key("rope_theta"), theta, factor)};
  return make_rotation(config.head_size / 2, theta, factor);
}

Result<std::vector<bool>> read_sliding_layers(const ModelNumbers& numbers, size_t layers) {
  return numbers.by_layer("layer_types", layers, "sliding_attention", "full_attention");
}

}  // namespace helicon::models
