#include "engine_bench.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "text/tokenizer.h"
#include "weights/model_file.h"

namespace helicon::apps {
namespace {

using Clock = std::chrono::steady_clock;

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// What the engine's thread writes down, and the wait for its end.
struct Record {
  std::vector<Clock::time_point> tokens;  // when each came, of all choices
  std::optional<Error> error;
  runtime::Usage usage;
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
};

}  // namespace

Result<std::unique_ptr<EngineBench>> EngineBench::open(const std::filesystem::path& path,
                                                       const backends::LocalModelOptions& options,
                                                       uint64_t seed) {
  HELICON_ASSIGN(const auto file, weights::ModelFile::open(path));
  HELICON_ASSIGN(const auto tokenizer, text::Tokenizer::create(file->metadata()));
  HELICON_ASSIGN(backends::OpenedModels opened,
                 backends::open_models(file, models::name_of(path), options, *tokenizer));
  models::OpenModel& model = opened.model;
  std::unique_ptr<EngineBench> bench(new EngineBench);
  bench->config_ = model.decoder->config();
  bench->weight_bytes_ = model.weight_bytes;
  bench->kept_packed_ = model.kept_packed;
  const cache::CacheShape& shape = model.pages->shape();
  bench->position_bytes_ = static_cast<double>(2 * shape.heads * shape.side_bytes()) /
                           static_cast<double>(cache::kPagePositions);
  bench->threads_ = model.threads->size();
  bench->seed_ = seed;
  bench->random_.seed(seed);
  runtime::EngineParts parts;
  parts.context_length = static_cast<int>(model.context_length);
  parts.memory = std::move(model.memory);
  parts.threads = std::move(model.threads);
  parts.model = std::move(model.decoder);
  parts.pages = std::move(model.pages);
  parts.tokenizer = tokenizer;
  parts.draft = std::move(opened.draft);
  bench->engine_ = std::make_unique<runtime::Engine>(
      std::move(parts), runtime::SchedulerOptions{.speculation = options.speculation});
  return bench;
}

std::vector<int32_t> EngineBench::random_tokens(int count) {
  std::uniform_int_distribution<int32_t> token(0, static_cast<int32_t>(config_.vocabulary) - 1);
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  for (int32_t& value : tokens) value = token(random_);
  return tokens;
}

Result<Timing> EngineBench::ask(const std::vector<int32_t>& prompt, int agents, int generate) {
  runtime::Request request;
  request.prompt = prompt;
  request.sampling.seed = seed_++;
  request.choices = agents;
  request.max_tokens = generate;
  request.ignore_end = true;
  Record record;
  record.tokens.reserve(static_cast<size_t>(agents) * static_cast<size_t>(generate));
  runtime::Listener listener;
  listener.on_event = [&record](const runtime::Event& event) {
    if (event.token) record.tokens.push_back(Clock::now());
    if (event.error) record.error = event.error;
  };
  listener.on_done = [&record](const runtime::Usage& usage) {
    const std::lock_guard lock(record.mutex);
    record.usage = usage;
    record.done = true;
    record.ended.notify_one();
  };
  const Clock::time_point start = Clock::now();
  HELICON_ASSIGN(const runtime::Ticket ticket,
                 engine_->submit(std::move(request), std::move(listener)));
  {
    std::unique_lock lock(record.mutex);
    record.ended.wait(lock, [&] { return record.done; });
  }
  if (record.error) return *record.error;
  const auto each = static_cast<size_t>(agents);
  if (record.tokens.size() != each * static_cast<size_t>(generate))
    return Error{ErrorCode::internal, "the engine wrote another number of tokens than asked for"};
  Timing timing;
  const auto seconds = [](Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  };
  timing.first_token = seconds(start, record.tokens[each - 1]);
  for (size_t last = 2 * each - 1; last < record.tokens.size(); last += each)
    timing.steps.push_back(seconds(record.tokens[last - each], record.tokens[last]));
  timing.steps_seconds = seconds(record.tokens[each - 1], record.tokens.back());
  timing.median_step = median(timing.steps);
  timing.cached_tokens = record.usage.cached_tokens;
  return timing;
}

double EngineBench::bytes_read(int agents, int shared, int position) const {
  auto bytes = static_cast<double>(weight_bytes_);
  for (const models::LayerAttention& layer : config_.layers) {
    // A window that has left the common prompt behind sees each agent's own positions only.
    const int seen = layer.window > 0 ? std::min(layer.window, position) : position;
    const int own = std::min(seen, position - shared);
    bytes += position_bytes_ * (seen - own + agents * own);
  }
  return bytes;
}

double EngineBench::multiply_adds(int rows, int outputs) const {
  const auto hidden = static_cast<double>(config_.hidden),
             query = static_cast<double>(config_.heads * config_.head_size),
             key = static_cast<double>(config_.kv_heads * config_.head_size);
  const double layer =
      hidden * (2 * query + 2 * key + 3 * static_cast<double>(config_.feed_forward));
  return rows * layer * static_cast<double>(config_.layers.size()) +
         outputs * hidden * static_cast<double>(config_.vocabulary);
}

}  // namespace helicon::apps
