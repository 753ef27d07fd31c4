// Qwen3: as Llama, with heads of a size of their own whose queries and keys are normalised, rotated
// in split halves; dense, or with experts (transformers 5.23.0, models/qwen3 and models/qwen3_moe;
// llama.cpp, src/models/qwen3moe.cpp).
#include <fmt/format.h>

#include "models/folder_config.h"
#include "models/gguf_config.h"
#include "models/recipe.h"

namespace helicon::models {
namespace {

constexpr size_t kMostExperts = 4096;

// As files have them, and as transformers has them in memory.
constexpr TensorNames kFolderExperts = [] {
  TensorNames names = kFolderNames;
  names.router = "mlp.gate.weight";
  names.experts_gate = "mlp.experts.{}.gate_proj.weight";
  names.experts_up = "mlp.experts.{}.up_proj.weight";
  names.experts_down = "mlp.experts.{}.down_proj.weight";
  return names;
}();
constexpr TensorNames kFolderJoined = [] {
  TensorNames names = kFolderExperts;
  names.experts_gate_up = "mlp.experts.gate_up_proj";
  names.experts_down = "mlp.experts.down_proj";
  return names;
}();

Result<DecoderConfig> read_gguf(const ModelNumbers& numbers) {
  HELICON_ASSIGN(DecoderConfig config, read_common(numbers));
  HELICON_ASSIGN(Rotation rotation, read_rotation(numbers, config));
  config.rotations.push_back(std::move(rotation));
  config.query_key_norm = HeadNorm::weighted;
  return config;
}

Result<DecoderConfig> read_folder(const ModelNumbers& numbers, size_t head_size) {
  HELICON_ASSIGN(DecoderConfig config,
                 read_folder_common(numbers, kFolderNames, "hidden_act", head_size));
  HELICON_ASSIGN(Rotation rotation, read_folder_rotation(numbers, config));
  config.rotations.push_back(std::move(rotation));
  config.query_key_norm = HeadNorm::weighted;
  return config;
}

// What the keys call it differs; layers with experts are those that have a router.
struct ExpertKeys {
  const char *count, *chosen, *feed_forward;
};
Status read_experts(const ModelNumbers& numbers, const ExpertKeys& keys, DecoderConfig& config) {
  ExpertsConfig& experts = config.experts;
  HELICON_ASSIGN(experts.count, numbers.count(keys.count, kMostExperts));
  HELICON_ASSIGN(experts.chosen, numbers.count(keys.chosen, experts.count));
  HELICON_ASSIGN(experts.feed_forward, numbers.count(keys.feed_forward, kMaxHidden));
  experts.width = config.hidden;
  experts.scores = ExpertScores::softmax;
  experts.corrected = experts.projected = false;
  for (size_t i = 0; i < config.layers.size(); ++i)
    config.sparse.push_back(numbers.file().find(fmt::format("{}{}.{}", config.names->layers, i,
                                                            config.names->router)) != nullptr);
  return ok_status();
}

}  // namespace

Result<DecoderConfig> configure_qwen3(const weights::ModelFile& file) {
  return read_gguf(ModelNumbers(file, "qwen3"));
}

Result<DecoderConfig> configure_qwen3_moe(const weights::ModelFile& file) {
  const ModelNumbers numbers(file, "qwen3moe");
  HELICON_ASSIGN(DecoderConfig config, read_gguf(numbers));
  HELICON_TRY(read_experts(
      numbers, {"expert_count", "expert_used_count", "expert_feed_forward_length"}, config));
  return config;
}

Result<DecoderConfig> configure_qwen3_folder(const weights::ModelFile& file) {
  const ModelNumbers numbers(file, "config");
  HELICON_ASSIGN(DecoderConfig config, read_folder(numbers, kUsualHeadSize));
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

Result<DecoderConfig> configure_qwen3_moe_folder(const weights::ModelFile& file) {
  const ModelNumbers numbers(file, "config");
  HELICON_ASSIGN(DecoderConfig config, read_folder(numbers, 0));
  config.names = &kFolderExperts;
  const char* count = numbers.has("num_experts") ? "num_experts" : "num_local_experts";
  HELICON_TRY(
      read_experts(numbers, {count, "num_experts_per_tok", "moe_intermediate_size"}, config));
  for (size_t i = 0; i < config.layers.size(); ++i)
    if (config.sparse[i] &&
        file.find(fmt::format("{}{}.{}", kFolderJoined.layers, i, kFolderJoined.experts_gate_up)))
      config.names = &kFolderJoined;
  HELICON_ASSIGN(config.experts.normalised, numbers.flag_or("norm_topk_prob", false));
  HELICON_ASSIGN(const bool windowed, numbers.flag_or("use_sliding_window", false));
  if (!windowed) return config;
  HELICON_ASSIGN(const size_t window, numbers.count_or("sliding_window", kMaxContext, 4096));
  for (LayerAttention& layer : config.layers) layer.window = static_cast<int>(window);
  return config;
}

}  // namespace helicon::models
