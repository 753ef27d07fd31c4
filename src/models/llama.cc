// Llama and what is built like it (SmolLM2, Mistral): RMS norms, SwiGLU, no biases. GGUF stores the
// rows of query and key permuted, so that rotated pairs are neighbours.
#include "models/gguf_config.h"
#include "models/recipe.h"

namespace helicon::models {

Result<DecoderConfig> configure_llama(const weights::ModelFile& file) {
  const ModelNumbers numbers(file, "llama");
  if (numbers.has("expert_count"))
    return Error{ErrorCode::unsupported,
                 "llama.expert_count: mixtures of experts are not supported"};
  HELICON_ASSIGN(DecoderConfig config, read_common(numbers));
  HELICON_ASSIGN(Rotation rotation, read_rotation(numbers, config));
  config.rotations.push_back(std::move(rotation));
  config.interleaved_rotation = true;
  return config;
}

}  // namespace helicon::models
