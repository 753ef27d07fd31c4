#include "models/open.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/processors.h"
#include "models/block_draft.h"
#include "models/decoder_attention.h"
#include "models/decoder_experts.h"
#include "models/recipe.h"

namespace helicon::models {
namespace {

constexpr size_t kDefaultContext = 8192;
constexpr size_t kMostContexts = 16;  // full contexts that pages are reserved for, memory allowing

double gigabytes(uint64_t bytes) { return static_cast<double>(bytes) / 1e9; }

// Activations of one pass and its logits; small beside the weights, and counted all the same.
size_t scratch_bytes(const DecoderConfig& config) {
  const size_t heads =
      ((config.attention_gate ? 3 : 2) * config.heads + 2 * config.kv_heads) * config.head_size;
  return 4 * (kMaxRows * (4 * config.hidden + heads + 3 * config.feed_forward) +
              16 * config.vocabulary) +
         DecoderAttention::kMostParts + DecoderExperts::scratch_bytes(config, kMaxRows);
}

struct MemoryPlan {
  ExpertsIn experts = ExpertsIn::memory;
  size_t weights = 0;
  size_t units = 0;  // of pages
  size_t total = 0;  // bytes: weights, pages, working memory
};

struct DraftPlan {
  std::shared_ptr<const weights::ModelFile> file;
  BlockDraftConfig config;
  size_t weights = 0;  // bytes
};

Result<DraftPlan> plan_draft(const std::filesystem::path& path, const DecoderConfig& model,
                             const LoadOptions& options) {
  DraftPlan plan;
  HELICON_ASSIGN(plan.file, weights::ModelFile::open(path));
  HELICON_ASSIGN(plan.config, configure_block_draft(*plan.file, model));
  HELICON_ASSIGN(plan.weights, required_bytes(*plan.file, plan.config, options));
  return plan;
}

// Units of pages that a conversation of so many positions holds at most: the copy of one page that
// an answer takes of its prompt's last, and of windowed pages those of prompt and answer.
size_t most_units(const cache::CacheShape& shape, size_t positions) {
  const size_t pages = (positions + cache::kPagePositions - 1) / cache::kPagePositions + 1;
  size_t units = pages * shape.units();
  if (shape.groups() > 1)
    units += std::min(pages, 2 * shape.most_windowed(kMaxRows)) * shape.units(cache::kWindowed);
  return units;
}

Result<MemoryPlan> plan_memory(const weights::ModelFile& file, const std::string& name,
                               const DecoderConfig& config, const std::optional<DraftPlan>& draft,
                               size_t context, ExpertsIn experts, const LoadOptions& options,
                               cache::KeyValueType cache_type) {
  MemoryPlan plan{.experts = experts};
  const auto count_weights = [&]() -> Status {
    HELICON_ASSIGN(plan.weights, required_bytes(file, config, plan.experts, options));
    if (draft) plan.weights += draft->weights;
    return ok_status();
  };
  HELICON_TRY(count_weights());
  cache::CacheShape shape = cache_shape(config, cache_type);
  if (draft) add_to_shape(draft->config, shape);
  const size_t context_units = most_units(shape, context);
  const size_t context_bytes = context_units * shape.unit_bytes();
  const size_t scratch =
      scratch_bytes(config) + (draft ? BlockDraft::scratch_bytes(draft->config) : 0);
  const uint64_t available = unclaimed_memory();
  const auto least = [&] { return plan.weights + scratch + context_bytes; };
  if (least() > available && config.experts.count > 0) {
    plan.experts = ExpertsIn::file;
    HELICON_TRY(count_weights());
  }
  if (least() > available)
    return Error{
        ErrorCode::out_of_memory,
        fmt::format(
            "{} does not fit: weights {:.2f} GB, keys and values of {} tokens {:.2f} GB, working "
            "memory {:.2f} GB; available {:.2f} GB",
            name, gigabytes(plan.weights), context, gigabytes(context_bytes), gigabytes(scratch),
            gigabytes(available))};
  // Half of what is left is for pages; the rest stays with the system.
  const size_t affordable = (available - plan.weights - scratch) / 2 / shape.unit_bytes();
  plan.units = std::clamp(affordable, context_units, kMostContexts * context_units);
  plan.total = plan.weights + scratch + plan.units * shape.unit_bytes();
  return plan;
}

}  // namespace

// "folder/" has no name behind its stroke.
std::string name_of(const std::filesystem::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

Error about(const std::string& name, Error error) {
  const std::string& message = error.message;
  const auto has = [&](const std::string& text) { return message.find(text) != std::string::npos; };
  const bool named = message.starts_with(name + ":") || message.starts_with(name + " ") ||
                     has("/" + name) || has(" " + name + " ");
  if (!named) error.message = name + ": " + message;
  return error;
}

Result<OpenModel> open_model(const std::filesystem::path& path, const OpenOptions& options) {
  HELICON_ASSIGN(auto file, weights::ModelFile::open(path));
  return open_model(std::move(file), name_of(path), options);
}

Result<OpenModel> open_model(std::shared_ptr<const weights::ModelFile> file,
                             const std::string& name, const OpenOptions& options) {
  auto config = configure(*file);
  return open_model(std::move(file), std::move(config), name, options);
}

Result<OpenModel> open_model(std::shared_ptr<const weights::ModelFile> file,
                             Result<DecoderConfig> config, const std::string& name,
                             const OpenOptions& options) {
  if (!config.ok()) return about(name, std::move(config).error());
  OpenModel model;
  model.context_length =
      options.context_length ? options.context_length : std::min(config->context, kDefaultContext);
  if (model.context_length > config->context)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("a context of {} tokens was asked for; {} was made for {}",
                             model.context_length, name, config->context)};
  HELICON_ASSIGN(const kernels::KernelTable* kernels, kernels::choose_kernels());
  const LoadOptions load{options.exact, kernels->panel_rows, options.packed_folder,
                         options.on_progress, options.stop};
  std::optional<DraftPlan> draft_plan;
  if (!options.block_draft.empty()) {
    auto planned = plan_draft(options.block_draft, *config, load);
    if (!planned.ok()) return about(name_of(options.block_draft), std::move(planned).error());
    draft_plan = std::move(*planned);
  }
  auto plan = plan_memory(*file, name, *config, draft_plan, model.context_length, options.experts,
                          load, options.cache_type);
  if (!plan.ok()) return about(name, std::move(plan).error());
  model.weight_bytes = plan->weights;
  model.memory = MemoryClaim(plan->total);
  model.threads =
      std::make_unique<ThreadPool>(options.threads > 0 ? options.threads : usable_processors());
  auto weights =
      load_decoder_weights(std::move(file), *config, plan->experts, *model.threads, load);
  if (!weights.ok()) return about(name, std::move(weights).error());
  model.kept_packed = weights->tensors.packed != nullptr;
  std::unique_ptr<BlockDraft> draft;
  if (draft_plan) {
    auto loaded = load_block_draft(draft_plan->file, draft_plan->config, *model.threads, load);
    if (!loaded.ok()) return about(name_of(options.block_draft), std::move(loaded).error());
    draft = std::make_unique<BlockDraft>(std::move(draft_plan->config), std::move(*loaded),
                                         *kernels, *model.threads);
  }
  model.decoder =
      std::make_unique<Decoder>(std::move(*config), std::move(*weights), std::move(draft), *kernels,
                                *model.threads, options.cache_type);
  HELICON_ASSIGN(model.pages, cache::PagePool::create(model.decoder->cache_shape(), plan->units));
  return model;
}

}  // namespace helicon::models
