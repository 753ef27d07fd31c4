// Qwen3, dense: as Llama, with heads of a size of their own whose queries and keys are normalised,
// rotated in split halves.
#include "models/folder_config.h"
#include "models/gguf_config.h"
#include "models/recipe.h"

namespace helicon::models {
Result<DecoderConfig> configure_qwen3(const weights::ModelFile& file) {
  const ModelNumbers numbers(file, "qwen3");
  HELICON_ASSIGN(DecoderConfig config, read_common(numbers));
  HELICON_ASSIGN(Rotation rotation, read_rotation(numbers, config));
  config.rotations.push_back(std::move(rotation));
  config.query_key_norm = HeadNorm::weighted;
  return config;
}

Result<DecoderConfig> configure_qwen3_folder(const weights::ModelFile& file) {
  const ModelNumbers numbers(file, "config");
  HELICON_ASSIGN(DecoderConfig config, read_folder_common(numbers, kFolderNames, "hidden_act"));
  HELICON_ASSIGN(Rotation rotation, read_folder_rotation(numbers, config));
  config.rotations.push_back(std::move(rotation));
  config.query_key_norm = HeadNorm::weighted;
  HELICON_ASSIGN(const bool windowed, numbers.flag_or("use_sliding_window", false));
  HELICON_ASSIGN(std::vector<bool> sliding, read_sliding_layers(numbers, config.layers.size()));
  if (!windowed) {
    for (const bool slides : sliding)
      if (slides)
        return Error{ErrorCode::corrupt,
                     "config.layer_types has sliding layers, but config.use_sliding_window is not "
                     "true"};
    return config;
  }
  HELICON_ASSIGN(const size_t window, numbers.count("sliding_window", kMaxContext));
  if (sliding.empty()) {
    HELICON_ASSIGN(const size_t first, numbers.count_or("max_window_layers", kMaxLayers, 28));
    for (size_t i = 0; i < config.layers.size(); ++i) sliding.push_back(i >= first);
  }
  for (size_t i = 0; i < config.layers.size(); ++i)
    if (sliding[i]) config.layers[i].window = static_cast<int>(window);
  return config;
}

}  // namespace helicon::models
