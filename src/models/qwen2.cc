// Qwen2 and Qwen2.5: as Llama, with biases on query, key and value, rotated in split halves.
#include "models/gguf_config.h"
#include "models/recipe.h"

namespace helicon::models {

Result<DecoderConfig> configure_qwen2(const weights::ModelFile& file) {
  const ModelNumbers numbers(file, "qwen2");
  HELICON_ASSIGN(DecoderConfig config, read_common(numbers));
  HELICON_ASSIGN(Rotation rotation, read_rotation(numbers, config));
  config.rotations.push_back(std::move(rotation));
  config.attention_bias = true;
  return config;
}

}  // namespace helicon::models
