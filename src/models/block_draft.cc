#include "models/block_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "models/folder_config.h"
#include "weights/model_folder.h"

namespace helicon::models {
namespace {

constexpr std::string_view kArchitecture = "muse_glimmer_assistant";
constexpr size_t kBlock = 16, kWindow = 2048;
constexpr uint64_t kMask = 201818;
constexpr float kTheta = 500000;
constexpr int64_t kSources[] = {1, 13, 25, 37, 49};

constexpr std::string_view kContext = "encoder.fc.weight";
constexpr std::string_view kContextNorm = "encoder.output_norm_enc.weight";
constexpr TensorNames kNames = [] {
  TensorNames names = kFolderNames;
  names.output_norm = "norm.weight";
  names.layers = "layers.";
  return names;
}();

Error made_for_another(const std::string& what) {
  return Error{ErrorCode::invalid_argument,
               fmt::format("the drafter was made for another model: {}", what), "draft"};
}

Result<std::vector<size_t>> read_sources(const ModelNumbers& numbers, const DecoderConfig& model) {
  std::vector<int64_t> layers(std::begin(kSources), std::end(kSources));
  if (numbers.has("target_layer_ids")) {
    HELICON_ASSIGN(layers,
                   numbers.file().metadata().integer_array(numbers.key("target_layer_ids")));
  }
  if (layers.empty() || layers.size() > kMaxLayers)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} has {} entries", numbers.key("target_layer_ids"), layers.size())};
  std::vector<size_t> sources;
  for (const int64_t layer : layers) {
    // The reference would give it the last one's output as the output norm leaves it; no drafter is
    // known that reads it.
    if (layer < 0 || static_cast<uint64_t>(layer) + 1 >= model.layers.size())
      return made_for_another(
          fmt::format("it reads layer {}, counted from 0, and of {} the last "
                      "cannot be read",
                      layer, model.layers.size()));
    sources.push_back(static_cast<size_t>(layer));
  }
  return sources;
}

weights::ExpectedTensors expected_tensors(const BlockDraftConfig& config,
                                          BlockDraftWeights& weights) {
  const size_t hidden = config.stack.hidden;
  weights::ExpectedTensors expected;
  expect_layers(config.stack, ExpertsIn::memory, weights.layers, expected);
  expected.matrices.push_back(
      {std::string(kContext), hidden, config.sources.size() * hidden, &weights.context});
  expected.vectors.push_back({std::string(kContextNorm), hidden, &weights.context_norm});
  expected.vectors.push_back({std::string(kNames.output_norm), hidden, &weights.output_norm});
  return expected;
}

}  // namespace

bool is_block_draft(const weights::ModelFile& file) {
  const auto type = file.metadata().string(std::string(weights::kConfigPrefix) + "model_type");
  return type.ok() && *type == kArchitecture;
}

Result<BlockDraftConfig> configure_block_draft(const weights::ModelFile& file,
                                               const DecoderConfig& model) {
  const ModelNumbers numbers(file, "config");
  BlockDraftConfig config;
  HELICON_ASSIGN(config.stack, read_folder_numbers(numbers, kNames, "hidden_act", kUsualHeadSize));
  if (config.stack.hidden != model.hidden)
    return made_for_another(fmt::format("its rows have {} numbers and the model's {}",
                                        config.stack.hidden, model.hidden));
  HELICON_ASSIGN(Rotation rotation, read_folder_rotation(numbers, config.stack, kTheta));
  config.stack.rotations.push_back(std::move(rotation));
  config.stack.query_key_norm = HeadNorm::weighted;
  HELICON_ASSIGN(config.block, numbers.count_or("block_size", kMaxRows, kBlock));
  if (config.block < 2)
    return Error{ErrorCode::corrupt,
                 fmt::format("{} is 1, and leaves nothing to guess", numbers.key("block_size"))};
  uint64_t mask = kMask;
  if (numbers.has("mask_token_id")) {
    HELICON_ASSIGN(mask, file.metadata().unsigned_integer(numbers.key("mask_token_id")));
  }
  if (mask >= model.vocabulary)
    return made_for_another(fmt::format("its mask is token {}, of {}", mask, model.vocabulary));
  config.mask = static_cast<int32_t>(mask);
  HELICON_ASSIGN(config.sources, read_sources(numbers, model));
  HELICON_ASSIGN(const size_t window, numbers.count_or("sliding_window", kMaxContext, kWindow));
  const size_t layers = config.stack.layers.size();
  HELICON_ASSIGN(const std::vector<bool> sliding, read_sliding_layers(numbers, layers));
  // Keys as far away as the window is long are seen.
  for (size_t i = 0; i < layers; ++i)
    if (sliding.empty() || sliding[i]) config.stack.layers[i].window = static_cast<int>(window) + 1;
  return config;
}

Result<size_t> required_bytes(const weights::ModelFile& file, const BlockDraftConfig& config,
                              const LoadOptions& options) {
  HELICON_TRY(check_layers(file, config.stack));
  BlockDraftWeights weights;
  return weights::required_bytes(file, expected_tensors(config, weights), options);
}

Result<BlockDraftWeights> load_block_draft(std::shared_ptr<const weights::ModelFile> file,
                                           const BlockDraftConfig& config, ThreadPool& threads,
                                           const LoadOptions& options) {
  BlockDraftWeights weights;
  const weights::ExpectedTensors expected = expected_tensors(config, weights);
  HELICON_ASSIGN(weights.tensors,
                 weights::load_tensors(std::move(file), expected, threads, options));
  return weights;
}

void add_to_shape(const BlockDraftConfig& config, cache::CacheShape& shape) {
  const auto& layers = config.stack.layers;
  shape.draft_layers = layers.size();
  shape.draft_heads = config.stack.kv_heads;
  shape.draft_head_size = config.stack.head_size;
  const bool slides = std::all_of(layers.begin(), layers.end(),
                                  [](const LayerAttention& layer) { return layer.window > 0; });
  if (!slides || shape.groups() == 1) return;
  shape.draft_group = cache::kWindowed;
  for (const LayerAttention& layer : layers) shape.window = std::max(shape.window, layer.window);
}

BlockDraft::BlockDraft(BlockDraftConfig config, BlockDraftWeights weights,
                       const kernels::KernelTable& kernels, ThreadPool& threads)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      kernels_(kernels),
      threads_(threads),
      stack_(config_.stack, weights_.layers, ExpertsIn::memory, cache::Stack::draft, kernels,
             threads),
      seen_(kMaxRows * config_.sources.size() * config_.stack.hidden),
      context_(kMaxRows * config_.stack.hidden),
      no_tokens_(config_.block) {}

size_t BlockDraft::scratch_bytes(const BlockDraftConfig& config) {
  const DecoderConfig& stack = config.stack;
  return kMaxRows * sizeof(float) *
         ((4 + config.sources.size()) * stack.hidden +
          2 * (stack.heads + stack.kv_heads) * stack.head_size + 2 * stack.feed_forward);
}

void BlockDraft::see(size_t layer, const float* residual, size_t rows) {
  const size_t hidden = config_.stack.hidden, width = config_.sources.size() * hidden;
  for (size_t source = 0; source < config_.sources.size(); ++source) {
    if (config_.sources[source] != layer) continue;
    for (size_t row = 0; row < rows; ++row)
      std::copy_n(residual + row * hidden, hidden, seen_.data() + row * width + source * hidden);
  }
}

void BlockDraft::remember(std::span<const Run> runs, cache::PagePool& pool) {
  const size_t hidden = config_.stack.hidden;
  stack_.begin(runs, pool, Sight::back);
  const kernels::Product in[] = {{&weights_.context, context_.data()}};
  stack_.products().multiply(in, seen_.data(), stack_.rows(), config_.sources.size() * hidden);
  threads_.for_ranges(stack_.rows(), 4, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row) {
      float* x = context_.data() + row * hidden;
      kernels_.rms_norm(x, weights_.context_norm.data(), config_.stack.norm_epsilon, hidden, x);
    }
  });
  stack_.store(context_.data());
}

void BlockDraft::fill(std::span<const Run> runs, cache::PagePool& pool, float* target) {
  std::vector<Run> blocks(runs.begin(), runs.end());
  for (Run& block : blocks) block.tokens = no_tokens_;
  stack_.begin(blocks, pool, Sight::both);
  for (size_t layer = 0; layer < weights_.layers.size(); ++layer) stack_.run(layer);
  const size_t hidden = config_.stack.hidden;
  for (size_t i = 0; i < runs.size(); ++i)
    for (size_t place = 1; place <= runs[i].logits; ++place, target += hidden)
      stack_.normalise(i * config_.block + place, weights_.output_norm, target);
}

}  // namespace helicon::models
