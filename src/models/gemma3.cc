// Gemma 3, text: scaled embeddings, norms before and after, normalised queries and keys, GELU, and
// five sliding layers to each full one, with positions of their own. GGUF has 1 added to the norms.
#include <cmath>

#include "models/gguf_config.h"
#include "models/recipe.h"

namespace helicon::models {

Result<DecoderConfig> configure_gemma3(const weights::ModelFile& file) {
  const ModelNumbers numbers(file, "gemma3");
  HELICON_ASSIGN(DecoderConfig config, read_common(numbers));
  HELICON_ASSIGN(Rotation everywhere, read_rotation(numbers, config));
  // Sliding layers keep the unscaled positions of Gemma 2 (transformers, Gemma3TextConfig:
  // rope_local_base_freq).
  HELICON_ASSIGN(const float local_theta, numbers.number_or("rope.freq_base_swa", 10000.0f));
  if (!(local_theta > 0))
    return Error{ErrorCode::corrupt, "gemma3.rope.freq_base_swa must be positive"};
  config.rotations.push_back(std::move(everywhere));
  config.rotations.push_back(make_rotation(config.head_size / 2, local_theta, 1.0f));
  HELICON_ASSIGN(const size_t window, numbers.count("attention.sliding_window", 1u << 24));
  // Every sixth layer is full unless the file says otherwise (llama.cpp, models/gemma3.cpp).
  HELICON_ASSIGN(const size_t pattern,
                 numbers.count_or("attention.sliding_window_pattern", 1024, 6));
  for (size_t i = 0; i < config.layers.size(); ++i)
    if ((i + 1) % pattern != 0)
      config.layers[i] = {.window = static_cast<int>(window), .rotation = 1};
  HELICON_ASSIGN(config.final_soft_cap, numbers.number_or("final_logit_softcapping", 0.0f));
  HELICON_ASSIGN(config.attention_soft_cap, numbers.number_or("attn_logit_softcapping", 0.0f));
  // The 27B scales by its hidden size over its heads, the others by the head size
  // (transformers, query_pre_attn_scalar).
  if (config.layers.size() == 62)
    config.attention_scale = 1.0f / std::sqrt(static_cast<float>(config.hidden / config.heads));
  config.embedding_scale = std::sqrt(static_cast<float>(config.hidden));
  config.activation = kernels::Activation::gelu_tanh;
  config.query_key_norm = HeadNorm::weighted;
  config.after_attention = config.after_feed_forward = AfterNorm::weighted;
  return config;
}

}  // namespace helicon::models
