#include "models/gguf_config.h"

#include <fmt/format.h>

#include <cmath>

namespace helicon::models {
namespace {

constexpr size_t kMaxLayers = 1024;
constexpr size_t kMaxHeads = 1024;
constexpr size_t kMaxHidden = 1 << 20;
constexpr size_t kMaxContext = 1 << 24;
constexpr size_t kMaxVocabulary = 1 << 24;
constexpr size_t kMaxHeadSize = 256;  // what the attention kernel holds in registers and stack

}  // namespace

Result<size_t> GgufNumbers::count(std::string_view name, size_t limit) const {
  HELICON_ASSIGN(const uint64_t value, file_.metadata().unsigned_integer(key(name)));
  if (value < 1 || value > limit)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} is {}, expected 1 to {}", key(name), value, limit)};
  return static_cast<size_t>(value);
}

Result<size_t> GgufNumbers::count_or(std::string_view name, size_t limit, size_t otherwise) const {
  if (!has(name)) return otherwise;
  return count(name, limit);
}

Result<float> GgufNumbers::number(std::string_view name) const {
  HELICON_ASSIGN(const double value, file_.metadata().number(key(name)));
  if (!std::isfinite(static_cast<float>(value)))
    return Error{ErrorCode::corrupt, fmt::format("{} is not a finite number", key(name))};
  return static_cast<float>(value);
}

Result<float> GgufNumbers::number_or(std::string_view name, float otherwise) const {
  if (!has(name)) return otherwise;
  return number(name);
}

Result<std::string> GgufNumbers::text_or(std::string_view name, std::string_view otherwise) const {
  if (!has(name)) return std::string(otherwise);
  return file_.metadata().string(key(name));
}

Result<DecoderConfig> read_common(const GgufNumbers& numbers) {
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
  if (config.heads % config.kv_heads != 0)
    return Error{ErrorCode::corrupt, fmt::format("{} query heads cannot share {} key/value heads",
                                                 config.heads, config.kv_heads)};
  if (!numbers.has("attention.key_length") && config.hidden % config.heads != 0)
    return Error{ErrorCode::corrupt,
                 fmt::format("a hidden size of {} does not divide into {} heads", config.hidden,
                             config.heads)};
  HELICON_ASSIGN(config.head_size, numbers.count_or("attention.key_length", kMaxHeadSize,
                                                    config.hidden / config.heads));
  HELICON_ASSIGN(const size_t value_size,
                 numbers.count_or("attention.value_length", kMaxHeadSize, config.head_size));
  if (value_size != config.head_size || config.head_size % 8 != 0 ||
      config.head_size > kMaxHeadSize)
    return Error{ErrorCode::unsupported,
                 fmt::format("heads of {} (keys) and {} (values) are not supported: both must be "
                             "the same multiple of 8, at most {}",
                             config.head_size, value_size, kMaxHeadSize)};
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
  Rotation rotation;
  for (size_t i = 0; i < pairs; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(2 * pairs);
    rotation.frequencies.push_back(1.0f / std::pow(theta, exponent) / factor);
  }
  return rotation;
}

Result<Rotation> read_rotation(const GgufNumbers& numbers, const DecoderConfig& config) {
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
