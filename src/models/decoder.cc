#include "models/decoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/decoder_attention.h"
#include "models/decoder_experts.h"

namespace helicon::models {

struct Decoder::Scratch {
  size_t rows = 0;              // of this pass
  std::vector<float> residual;  // [rows, hidden]
  std::vector<float> normed;    // [rows, hidden]
  std::vector<float> query;     // [rows, heads, head_size]
  std::vector<float> key;       // [rows, kv_heads, head_size]
  std::vector<float> value;     // [rows, kv_heads, head_size]
  std::vector<float> attended;  // [rows, heads, head_size]
  std::vector<float> opened;    // [rows, heads, head_size]: the gate of what is attended
  std::vector<float> branch;    // [rows, hidden]
  std::vector<float> gate, up;  // [rows, feed_forward]
  std::vector<float> logits;    // [wanted, vocabulary]
};

Decoder::Decoder(DecoderConfig config, DecoderWeights weights, const kernels::KernelTable& kernels,
                 ThreadPool& threads, cache::KeyValueType cache_type)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      kernels_(kernels),
      threads_(threads),
      cache_type_(cache_type),
      products_(kernels, threads),
      scratch_(std::make_unique<Scratch>()),
      attention_(std::make_unique<DecoderAttention>(config_, kernels, threads)) {
  const size_t query = config_.heads * config_.head_size,
               key = config_.kv_heads * config_.head_size;
  for (std::vector<float>* buffer : {&scratch_->residual, &scratch_->normed, &scratch_->branch})
    buffer->resize(kMaxRows * config_.hidden);
  for (std::vector<float>* buffer : {&scratch_->query, &scratch_->attended})
    buffer->resize(kMaxRows * query);
  if (config_.attention_gate) scratch_->opened.resize(kMaxRows * query);
  for (std::vector<float>* buffer : {&scratch_->key, &scratch_->value})
    buffer->resize(kMaxRows * key);
  if (config_.experts.count > 0)
    experts_ = std::make_unique<DecoderExperts>(config_, weights_.experts, kMaxRows, kernels,
                                                threads, products_);
  for (std::vector<float>* buffer : {&scratch_->gate, &scratch_->up})
    buffer->resize(kMaxRows * config_.feed_forward);
}

Decoder::~Decoder() = default;

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

cache::CacheShape Decoder::cache_shape() const { return models::cache_shape(config_, cache_type_); }

void Decoder::embed(std::span<const Run> runs) {
  Scratch& s = *scratch_;
  s.rows = 0;
  const weights::TensorView& table = *weights_.embedding;
  const size_t row_bytes = table.bytes / config_.vocabulary;
  for (const Run& run : runs) {
    for (const int32_t token : run.tokens) {
      float* x = s.residual.data() + s.rows++ * config_.hidden;
      if (static_cast<size_t>(token) >= config_.vocabulary) {
        std::copy_n(find_rows(run.media, token)->row(token), config_.hidden, x);
        continue;
      }
      const auto& stand_ins = config_.placeholders;
      const bool placeholder =
          std::find(stand_ins.begin(), stand_ins.end(), token) != stand_ins.end();
      const size_t row = placeholder ? 0 : static_cast<size_t>(token);
      tensor::dequantize(table.type, table.data + row * row_bytes, x, config_.hidden);
      if (config_.embedding_norm)
        kernels_.rms_norm(x, nullptr, config_.norm_epsilon, config_.hidden, x);
      if (config_.embedding_scale != 1)
        for (size_t i = 0; i < config_.hidden; ++i) x[i] *= config_.embedding_scale;
    }
  }
}

void Decoder::normalise_rows(const std::vector<float>& weight) {
  Scratch& s = *scratch_;
  threads_.for_ranges(s.rows, 4, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row)
      kernels_.rms_norm(s.residual.data() + row * config_.hidden, weight.data(),
                        config_.norm_epsilon, config_.hidden,
                        s.normed.data() + row * config_.hidden);
  });
}

// attended = norm(attended) * sigmoid(gate), where the architecture has these.
void Decoder::finish_attended() {
  Scratch& s = *scratch_;
  if (!config_.attended_norm && !config_.attention_gate) return;
  const size_t head = config_.head_size, width = config_.heads * head;
  threads_.for_ranges(s.rows, 8, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row) {
      float* attended = s.attended.data() + row * width;
      for (size_t h = 0; config_.attended_norm && h < config_.heads; ++h)
        kernels_.rms_norm(attended + h * head, nullptr, config_.norm_epsilon, head,
                          attended + h * head);
      if (config_.attention_gate)
        kernels_.sigmoid_gated(attended, s.opened.data() + row * width, width);
    }
  });
}

void Decoder::add_branch(AfterNorm norm, const std::vector<float>& weight, const ResidualMix& mix) {
  Scratch& s = *scratch_;
  const size_t hidden = config_.hidden;
  threads_.for_ranges(s.rows, 8, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row) {
      float* y = s.branch.data() + row * hidden;
      float* residual = s.residual.data() + row * hidden;
      if (norm == AfterNorm::scaled_first)
        for (size_t i = 0; i < hidden; ++i) y[i] *= weight[i];
      if (norm != AfterNorm::none)
        kernels_.rms_norm(y, norm == AfterNorm::weighted ? weight.data() : nullptr,
                          config_.after_norm_epsilon, hidden, y);
      for (size_t i = 0; i < mix.keep.size(); ++i) {
        residual[i] *= mix.keep[i];
        y[i] *= mix.take[i];
      }
      kernels_.add(residual, y, hidden);
    }
  });
}

void Decoder::feed_forward(const LayerWeights& layer) {
  Scratch& s = *scratch_;
  if (layer.sparse)
    return experts_->forward(*layer.sparse, s.normed.data(), s.rows, s.branch.data());
  products_.feed_forward({&layer.gate, &layer.up, &layer.down}, config_.activation, s.normed.data(),
                         s.rows, s.gate.data(), s.up.data(), s.branch.data());
}

std::span<const float> Decoder::forward(std::span<const Run> runs, cache::PagePool& pool) {
  Scratch& s = *scratch_;
  embed(runs);
  attention_->plan(runs, pool);
  const size_t rows = s.rows;
  for (size_t layer = 0; layer < config_.layers.size(); ++layer) {
    const LayerWeights& w = weights_.layers[layer];
    normalise_rows(w.attention_norm);
    const kernels::Product in[] = {{&w.query, s.query.data()},
                                   {&w.key, s.key.data()},
                                   {&w.value, s.value.data()},
                                   {&w.attention_gate, s.opened.data()}};
    products_.multiply(std::span(in, config_.attention_gate ? 4 : 3), s.normed.data(), rows,
                       config_.hidden);
    attention_->store(layer, w, s.query.data(), s.key.data(), s.value.data());
    attention_->attend(layer, s.query.data(), s.attended.data());
    finish_attended();
    const kernels::Product out[] = {{&w.output, s.branch.data()}};
    products_.multiply(out, s.attended.data(), rows, config_.heads * config_.head_size);
    add_branch(config_.after_attention, w.after_attention_norm, w.attention_mix);
    normalise_rows(w.feed_forward_norm);
    feed_forward(w);
    add_branch(config_.after_feed_forward, w.after_feed_forward_norm, w.feed_forward_mix);
  }
  size_t wanted = 0, start = 0;
  for (const Run& run : runs) {
    for (size_t i = run.tokens.size() - run.logits; i < run.tokens.size(); ++i)
      kernels_.rms_norm(s.residual.data() + (start + i) * config_.hidden,
                        weights_.output_norm.data(), config_.norm_epsilon, config_.hidden,
                        s.normed.data() + wanted++ * config_.hidden);
    start += run.tokens.size();
  }
  if (wanted == 0) return {};
  s.logits.resize(wanted * config_.vocabulary);
  const kernels::Product head[] = {{&weights_.output, s.logits.data()}};
  products_.multiply(head, s.normed.data(), wanted, config_.hidden);
  if (config_.final_soft_cap > 0)
    kernels_.soft_cap(s.logits.data(), config_.final_soft_cap, s.logits.size());
  return s.logits;
}

}  // namespace helicon::models
