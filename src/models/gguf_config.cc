#include "models/gguf_config.h"

#include <fmt/format.h>

#include <cmath>

namespace helicon::models {

Result<DecoderConfig> read_common(const ModelNumbers& numbers) {
  DecoderConfig config;
  HELICON_ASSIGN(config.hidden, numbers.count("embedding_length", kMaxHidden));
  HELICON_ASSIGN(config.feed_forward, numbers.count("feed_forward_length", kMaxHidden));
  HELICON_ASSIGN(config.heads, numbers.count("attention.head_count", kMaxHeads));
  HELICON_ASSIGN(config.kv_heads,
                 numbers.count_or("attention.head_count_kv", kMaxHeads, config.heads));
  HELICON_ASSIGN(config.context, numbers.count("context_length", kMaxContext));
  HELICON_ASSIGN(const size_t layers, numbers.count("block_count", kMaxLayers));
  HELICON_ASSIGN(config.norm_epsilon, numbers.number("attention.layer_norm_rms_epsilon"));
  if (config.norm_epsilon < 0)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} is negative ({})", numbers.key("attention.layer_norm_rms_epsilon"),
                             config.norm_epsilon)};
  config.after_norm_epsilon = config.norm_epsilon;
  if (!numbers.has("attention.key_length") && config.hidden % config.heads != 0)
    return Error{ErrorCode::corrupt,
                 fmt::format("a hidden size of {} does not divide into {} heads", config.hidden,
                             config.heads)};
  HELICON_ASSIGN(config.head_size, numbers.count_or("attention.key_length", kMaxHeadSize,
                                                    config.hidden / config.heads));
  HELICON_ASSIGN(const size_t value_size,
                 numbers.count_or("attention.value_length", kMaxHeadSize, config.head_size));
  if (value_size != config.head_size)
    return Error{ErrorCode::unsupported,
                 fmt::format("heads of {} (keys) and {} (values) are not supported: both must be "
                             "the same",
                             config.head_size, value_size)};
  HELICON_TRY(check_heads(config));
  const weights::TensorView* embedding = numbers.file().find("token_embd.weight");
  if (!embedding || embedding->shape.size() != 2 || embedding->shape[0] > kMaxVocabulary)
    return Error{ErrorCode::corrupt, "tensor token_embd.weight is missing or is no matrix"};
  config.vocabulary = static_cast<size_t>(embedding->shape[0]);
  config.tied_output = !numbers.file().find("output.weight");
  config.attention_scale = 1.0f / std::sqrt(static_cast<float>(config.head_size));
  config.layers.resize(layers);
  return config;
}

Rotation make_rotation(size_t pairs, float theta, float factor) {
  Rotation rotation{.frequencies = {}, .theta = theta, .factor = factor};
  for (size_t i = 0; i < pairs; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(2 * pairs);
    rotation.frequencies.push_back(1.0f / std::pow(theta, exponent) / factor);
  }
  return rotation;
}

Result<Rotation> read_rotation(const ModelNumbers& numbers, const DecoderConfig& config) {
  HELICON_ASSIGN(const size_t rotated,
                 numbers.count_or("rope.dimension_count", kMaxHeadSize, config.head_size));
  if (rotated != config.head_size)
    return Error{ErrorCode::unsupported,
                 fmt::format("{} is {}: rotating part of a head of {} is not supported",
                             numbers.key("rope.dimension_count"), rotated, config.head_size)};
  HELICON_ASSIGN(const std::string scaling, numbers.text_or("rope.scaling.type", "none"));
  float factor = 1;
  if (scaling == "linear") {
    HELICON_ASSIGN(factor, numbers.number("rope.scaling.factor"));
  } else if (scaling != "none") {
    return Error{ErrorCode::unsupported,
                 fmt::format("{} \"{}\" is not supported; known are none and linear",
                             numbers.key("rope.scaling.type"), scaling)};
  }
  HELICON_ASSIGN(const float theta, numbers.number_or("rope.freq_base", 10000.0f));
  if (!(theta > 0) || !(factor > 0))
    return Error{ErrorCode::corrupt,
                 fmt::format("{} is {} with a scaling of {}; both must be positive",
                             numbers.key("rope.freq_base"), theta, factor)};
  Rotation rotation = make_rotation(config.head_size / 2, theta, factor);
  if (const weights::TensorView* factors = numbers.file().find("rope_freqs.weight")) {
    if (factors->type != tensor::ElementType::f32 ||
        factors->elements() != rotation.frequencies.size())
      return Error{ErrorCode::corrupt,
                   fmt::format("tensor rope_freqs.weight should hold {} F32 numbers",
                               rotation.frequencies.size())};
    std::vector<float> divisors(rotation.frequencies.size());
    tensor::dequantize(factors->type, factors->data, divisors.data(), divisors.size());
    for (size_t i = 0; i < divisors.size(); ++i) rotation.frequencies[i] /= divisors[i];
  }
  return rotation;
}

}  // namespace helicon::models
