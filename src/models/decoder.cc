#include "models/decoder.h"

#include <algorithm>
#include <utility>

namespace helicon::models {

cache::CacheShape cache_shape(const DecoderConfig& config, cache::KeyValueType type) {
  cache::CacheShape shape{config.layers.size(), config.kv_heads, config.head_size, type};
  size_t windowed = 0;
  int narrowest = 0, widest = 0;
  for (const LayerAttention& layer : config.layers) {
    if (layer.window == 0) continue;
    narrowest = windowed == 0 ? layer.window : std::min(narrowest, layer.window);
    widest = std::max(widest, layer.window);
    ++windowed;
  }
  if (windowed < config.layers.size() && narrowest == widest) {
    shape.windowed_layers = windowed;
    shape.window = widest;
  }
  return shape;
}

Decoder::Decoder(DecoderConfig config, DecoderWeights weights, std::unique_ptr<BlockDraft> draft,
                 const kernels::KernelTable& kernels, ThreadPool& threads,
                 cache::KeyValueType cache_type)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      draft_(std::move(draft)),
      kernels_(kernels),
      cache_type_(cache_type),
      stack_(config_, weights_.layers, weights_.experts, cache::Stack::model, kernels, threads),
      normed_(kMaxRows * config_.hidden) {}

cache::CacheShape Decoder::cache_shape() const {
  cache::CacheShape shape = models::cache_shape(config_, cache_type_);
  if (draft_) add_to_shape(draft_->config(), shape);
  return shape;
}

// The token's row of the table, as it is there.
void Decoder::look_up(int32_t token, float* x) const {
  const weights::TensorView& table = *weights_.embedding;
  const size_t row_bytes = table.bytes / config_.vocabulary;
  const auto row = static_cast<size_t>(token);
  tensor::dequantize_row(table.type, table.tiles(), row, table.data + row * row_bytes, 0,
                         config_.hidden, x);
}

void Decoder::embed(std::span<const Run> runs) {
  float* x = stack_.residual();
  for (const Run& run : runs) {
    for (const int32_t token : run.tokens) {
      if (static_cast<size_t>(token) >= config_.vocabulary) {
        std::copy_n(find_rows(run.media, token)->row(token), config_.hidden, x);
      } else {
        const auto& stand_ins = config_.placeholders;
        const bool placeholder =
            std::find(stand_ins.begin(), stand_ins.end(), token) != stand_ins.end();
        look_up(placeholder ? 0 : token, x);
        if (config_.embedding_norm)
          kernels_.rms_norm(x, nullptr, config_.norm_epsilon, config_.hidden, x);
        if (config_.embedding_scale != 1)
          for (size_t i = 0; i < config_.hidden; ++i) x[i] *= config_.embedding_scale;
      }
      x += config_.hidden;
    }
  }
}

void Decoder::multiply_output(size_t rows) {
  logits_.resize(rows * config_.vocabulary);
  const kernels::Product head[] = {{&weights_.output, logits_.data()}};
  stack_.products().multiply(head, normed_.data(), rows, config_.hidden);
}

std::span<const float> Decoder::forward(std::span<const Run> runs, cache::PagePool& pool) {
  embed(runs);
  stack_.begin(runs, pool, Sight::back);
  for (size_t layer = 0; layer < config_.layers.size(); ++layer) {
    stack_.run(layer);
    if (draft_) draft_->see(layer, stack_.residual(), stack_.rows());
  }
  if (draft_) draft_->remember(runs, pool);
  size_t wanted = 0, start = 0;
  for (const Run& run : runs) {
    for (size_t i = run.tokens.size() - run.logits; i < run.tokens.size(); ++i)
      stack_.normalise(start + i, weights_.output_norm, normed_.data() + wanted++ * config_.hidden);
    start += run.tokens.size();
  }
  if (wanted == 0) return {};
  multiply_output(wanted);
  if (config_.final_soft_cap > 0)
    kernels_.soft_cap(logits_.data(), config_.final_soft_cap, logits_.size());
  return logits_;
}

// Neither the scale of the logits nor their cap changes which is the largest.
std::span<const float> Decoder::guess_blocks(std::span<const Run> runs, cache::PagePool& pool) {
  float* x = draft_->embeddings();
  size_t wanted = 0;
  for (const Run& run : runs) {
    for (size_t place = 0; place < block(); ++place, x += config_.hidden)
      look_up(place == 0 ? run.tokens[0] : draft_->config().mask, x);
    wanted += run.logits;
  }
  draft_->fill(runs, pool, normed_.data());
  multiply_output(wanted);
  return logits_;
}

}  // namespace helicon::models
