// Muse's vision tower, as the configuration of a folder has it (transformers 5.23.0,
// models/muse_glimmer and models/muse_spark), and as an mmproj file does (llama.cpp,
// conversion/muse_glimmer.py and tools/mtmd/models/muse-glimmer.cpp).
#include "encoders/vision_config.h"

#include <fmt/format.h>

#include <cmath>
#include <system_error>
#include <utility>

#include "encoders/muse_tokens.h"
#include "weights/model_numbers.h"

namespace helicon::encoders {
namespace {

using weights::kMaxHeads;
using weights::kMaxHeadSize;
using weights::kMaxHidden;
using weights::kMaxLayers;
using weights::ModelNumbers;

constexpr VisionNames kMuseNames = {
    .patches = "model.vision_tower.patch_embedder.patch_embedding",
    .positions = "model.vision_tower.patch_embedder.position_embedding_table",
    .norm_before = "model.vision_tower.ln_pre",
    .norm_after = "model.vision_tower.ln_post",
    .layers = "model.vision_tower.layers.",
    .attention_norm = "norm1",
    .query = "attn.q_proj",
    .key = "attn.k_proj",
    .value = "attn.v_proj",
    .attention_output = "attn.proj",
    .feed_forward_norm = "norm2",
    .up = "mlp.fc1",
    .down = "mlp.fc2",
    .adapter_in = "model.vision_adapter.fc1",
    .adapter_out = "model.vision_adapter.fc2",
    .projection = "model.vision_projection",
};

constexpr size_t kMaxPatch = 64, kMaxFrames = 8, kMaxTable = 1024, kMaxMerge = 8;

// Of the configuration classes, where a file is silent.
constexpr size_t kPatch = 14, kFrames = 2, kTable = 32, kMerge = 2, kHidden = 1536,
                 kFeedForward = 8960, kHeads = 16, kLayers = 50, kAdapter = 4096;

Status check_activation(const ModelNumbers& numbers, std::string_view name) {
  HELICON_ASSIGN(const std::string named, numbers.text_or(name, "gelu"));
  if (named == "gelu") return ok_status();
  return Error{ErrorCode::unsupported,
               fmt::format("{} \"{}\" is not supported, only gelu", numbers.key(name), named)};
}

Status check_heads(const VisionConfig& config) {
  if (config.hidden % config.heads != 0)
    return Error{ErrorCode::corrupt, fmt::format("{} numbers cannot be shared by {} vision heads",
                                                 config.hidden, config.heads)};
  if (config.head_size() % 8 != 0 || config.head_size() > kMaxHeadSize)
    return Error{ErrorCode::unsupported,
                 fmt::format("vision heads of {} are not supported: it must be a multiple of 8, at "
                             "most {}",
                             config.head_size(), kMaxHeadSize)};
  return ok_status();
}

// theta^(-2i/d) for d = half of a head: the other half is for the other axis.
std::vector<float> frequencies_of(float theta, size_t head_size) {
  const size_t axis = head_size / 2;
  std::vector<float> frequencies;
  for (size_t i = 0; i < axis; i += 2)
    frequencies.push_back(1.0f / std::pow(theta, static_cast<float>(i) / static_cast<float>(axis)));
  return frequencies;
}

Result<std::vector<float>> read_frequencies(const ModelNumbers& vision, size_t head_size) {
  HELICON_ASSIGN(const std::string type, vision.text_or("rope_parameters.rope_type", "axial"));
  if (type != "axial")
    return Error{ErrorCode::unsupported,
                 fmt::format("{} \"{}\" is not supported, only axial",
                             vision.key("rope_parameters.rope_type"), type)};
  HELICON_ASSIGN(const float theta, vision.number_or("rope_parameters.rope_theta", 10000.0f));
  if (!(theta > 0))
    return Error{ErrorCode::corrupt,
                 fmt::format("{} must be positive", vision.key("rope_parameters.rope_theta"))};
  return frequencies_of(theta, head_size);
}

// The usual ones, unless layer_types says otherwise.
Result<std::vector<bool>> read_windowed(const ModelNumbers& vision, size_t layers) {
  HELICON_ASSIGN(std::vector<bool> windowed,
                 vision.by_layer("layer_types", layers, "window_attention", "full_attention"));
  return windowed.empty() ? usual_windows(layers) : windowed;
}

Result<VisionConfig> configure_muse(const weights::ModelFile& file) {
  const ModelNumbers whole(file, "config"), vision(file, "config.vision_config"),
      text(file, "config.text_config");
  VisionConfig config;
  config.names = &kMuseNames;
  const auto token = [&](const char* key, int32_t otherwise, int32_t& target) -> Status {
    HELICON_ASSIGN(const size_t found, whole.count_or(key, weights::kMaxVocabulary, otherwise));
    target = static_cast<int32_t>(found);
    return ok_status();
  };
  HELICON_TRY(token("image_token_id", kMuseImageToken, config.image_token));
  HELICON_TRY(token("video_token_id", kMuseVideoToken, config.video_token));
  HELICON_ASSIGN(config.patch, vision.count_or("patch_size", kMaxPatch, kPatch));
  HELICON_ASSIGN(config.frames, vision.count_or("patch_temporal", kMaxFrames, kFrames));
  HELICON_ASSIGN(config.hidden, vision.count_or("hidden_size", kMaxHidden, kHidden));
  HELICON_ASSIGN(config.feed_forward,
                 vision.count_or("intermediate_size", kMaxHidden, kFeedForward));
  HELICON_ASSIGN(config.heads, vision.count_or("num_attention_heads", kMaxHeads, kHeads));
  HELICON_ASSIGN(const size_t layers, vision.count_or("num_hidden_layers", kMaxLayers, kLayers));
  HELICON_ASSIGN(config.table, vision.count_or("pos_emb_height", kMaxTable, kTable));
  HELICON_ASSIGN(const size_t width, vision.count_or("pos_emb_width", kMaxTable, kTable));
  if (width != config.table)
    return Error{ErrorCode::unsupported,
                 fmt::format("{} and its width differ ({} and {}): only square tables of positions "
                             "are supported",
                             vision.key("pos_emb_height"), config.table, width)};
  HELICON_ASSIGN(config.merge, vision.count_or("merge_size", kMaxMerge, kMerge));
  HELICON_ASSIGN(config.outer_norm_epsilon, vision.number_or("layer_norm_eps", 1e-5f));
  HELICON_ASSIGN(config.output_epsilon, text.number_or("rms_norm_eps", 1e-5f));
  if (config.outer_norm_epsilon < 0 || config.output_epsilon < 0)
    return Error{ErrorCode::corrupt, "an epsilon of the vision tower is negative"};
  HELICON_TRY(check_heads(config));
  HELICON_TRY(check_activation(vision, "hidden_act"));
  HELICON_TRY(check_activation(whole, "projector_hidden_act"));
  HELICON_ASSIGN(config.frequencies, read_frequencies(vision, config.head_size()));
  HELICON_ASSIGN(config.windowed, read_windowed(vision, layers));
  HELICON_ASSIGN(config.adapter, whole.count_or("projector_hidden_size", kMaxHidden, kAdapter));
  HELICON_ASSIGN(config.output, text.count("hidden_size", kMaxHidden));
  const size_t merged = config.hidden * config.merge * config.merge;
  HELICON_ASSIGN(const size_t said, whole.count_or("out_hidden_size", kMaxHidden, merged));
  if (said != merged)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} is {}, but {} patches of {} are {}", whole.key("out_hidden_size"),
                             said, config.merge * config.merge, config.hidden, merged)};
  return config;
}

// The rows or columns of a tensor, as a size that has no key.
Result<size_t> size_of(const weights::ModelFile& file, const std::string& name, size_t dimension) {
  const weights::TensorView* tensor = file.find(name);
  if (!tensor || tensor->shape.size() != 2 || tensor->shape[dimension] > kMaxHidden)
    return Error{ErrorCode::corrupt, fmt::format("tensor {} is missing or is no matrix", name), {}};
  return static_cast<size_t>(tensor->shape[dimension]);
}

// Both frames of a patch are one, whose weights are the sum of theirs: right for pictures, which
// are shown as often, and not for films. What has no key is as in every Muse Glimmer.
Result<VisionConfig> configure_muse_gguf(const weights::ModelFile& file) {
  const ModelNumbers vision(file, "clip.vision");
  HELICON_ASSIGN(const std::string projector, file.metadata().string("clip.projector_type"));
  if (projector != "muse-glimmer")
    return Error{ErrorCode::unsupported,
                 fmt::format("eyes of kind \"{}\" are not supported, only muse-glimmer", projector),
                 {}};
  VisionConfig config;
  config.names = &kGgufVisionNames;
  config.image_token = kMuseImageToken;
  config.video_token = -1;
  config.frames = 1;
  config.interleaved_rotation = config.square_patches = true;
  HELICON_ASSIGN(config.patch, vision.count("patch_size", kMaxPatch));
  HELICON_ASSIGN(config.hidden, vision.count("embedding_length", kMaxHidden));
  HELICON_ASSIGN(config.feed_forward, vision.count("feed_forward_length", kMaxHidden));
  HELICON_ASSIGN(config.heads, vision.count("attention.head_count", kMaxHeads));
  HELICON_ASSIGN(const size_t layers, vision.count("block_count", kMaxLayers));
  HELICON_ASSIGN(config.merge, vision.count_or("spatial_merge_size", kMaxMerge, kMerge));
  HELICON_ASSIGN(config.outer_norm_epsilon, vision.number("attention.layer_norm_epsilon"));
  if (config.outer_norm_epsilon < 0)
    return Error{ErrorCode::corrupt, "an epsilon of the vision tower is negative", {}};
  HELICON_TRY(check_heads(config));
  HELICON_ASSIGN(const size_t places, size_of(file, "v.position_embd.weight", 0));
  config.table = static_cast<size_t>(std::lround(std::sqrt(static_cast<double>(places))));
  if (config.table * config.table != places || config.table > kMaxTable)
    return Error{
        ErrorCode::unsupported, fmt::format("a table of {} positions is not square", places), {}};
  config.frequencies = usual_frequencies(config.head_size());
  config.windowed = usual_windows(layers);
  HELICON_ASSIGN(config.adapter, size_of(file, "mm.0.weight", 0));
  HELICON_ASSIGN(config.output, size_of(file, "mm.2.weight", 0));
  return config;
}

}  // namespace

// Every fourth layer and the last see the whole picture.
std::vector<bool> usual_windows(size_t layers) {
  std::vector<bool> windowed;
  for (size_t i = 0; i < layers; ++i) windowed.push_back((i + 1) % 4 != 0 && i + 1 != layers);
  return windowed;
}

std::vector<float> usual_frequencies(size_t head_size) {
  return frequencies_of(10000.0f, head_size);
}

Result<VisionConfig> configure_vision(const weights::ModelFile& file) {
  HELICON_ASSIGN(const std::string architecture, file.metadata().string("general.architecture"));
  if (architecture == "muse_glimmer" || architecture == "muse_spark") {
    HELICON_ASSIGN(VisionConfig config, configure_muse(file));
    config.transposed_positions = architecture == "muse_spark";
    return config;
  }
  if (architecture == "clip") return configure_muse_gguf(file);
  return Error{ErrorCode::not_found,
               fmt::format("models of architecture {} have no eyes here", architecture)};
}

Result<std::shared_ptr<const weights::ModelFile>> find_eyes(
    std::shared_ptr<const weights::ModelFile> file, const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  HELICON_ASSIGN(const std::string architecture, file->metadata().string("general.architecture"));
  if (architecture != "muse-glimmer") return file;
  const fs::path folder = path.parent_path();
  const std::string name = path.stem().string();
  std::error_code error;
  for (const std::string& own : {name + ".mmproj.gguf", "mmproj-" + name + ".gguf"})
    if (fs::exists(folder / own, error)) return weights::ModelFile::open(folder / own);
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, error))
    if (const std::string other = entry.path().filename().string();
        other.starts_with("mmproj") && other.ends_with(".gguf"))
      others.push_back(entry.path());
  if (others.size() == 1) return weights::ModelFile::open(others.front());
  return file;
}

}  // namespace helicon::encoders
