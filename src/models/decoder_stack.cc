#include "models/decoder_stack.h"

#include <numeric>

#include "models/decoder_experts.h"

namespace helicon::models {

DecoderStack::DecoderStack(const DecoderConfig& config, const std::vector<LayerWeights>& layers,
                           ExpertsIn experts, cache::Stack stack,
                           const kernels::KernelTable& kernels, ThreadPool& threads)
    : config_(config),
      layers_(layers),
      kernels_(kernels),
      threads_(threads),
      products_(kernels, threads),
      attention_(config, stack, kernels, threads) {
  const size_t query = config.heads * config.head_size, key = config.kv_heads * config.head_size;
  for (std::vector<float>* buffer : {&residual_, &normed_, &branch_})
    buffer->resize(kMaxRows * config.hidden);
  for (std::vector<float>* buffer : {&query_, &attended_}) buffer->resize(kMaxRows * query);
  if (config.attention_gate) opened_.resize(kMaxRows * query);
  for (std::vector<float>* buffer : {&key_, &value_}) buffer->resize(kMaxRows * key);
  if (config.experts.count > 0)
    experts_ =
        std::make_unique<DecoderExperts>(config, experts, kMaxRows, kernels, threads, products_);
  for (std::vector<float>* buffer : {&gate_, &up_}) buffer->resize(kMaxRows * config.feed_forward);
}

DecoderStack::~DecoderStack() = default;

void DecoderStack::begin(std::span<const Run> runs, cache::PagePool& pool, Sight sight) {
  rows_ = std::accumulate(runs.begin(), runs.end(), size_t{0},
                          [](size_t rows, const Run& run) { return rows + run.tokens.size(); });
  attention_.plan(runs, pool, sight);
}

void DecoderStack::normalise(size_t row, const std::vector<float>& weight, float* target) const {
  kernels_.rms_norm(residual_.data() + row * config_.hidden, weight.data(), config_.norm_epsilon,
                    config_.hidden, target);
}

void DecoderStack::normalise_rows(const std::vector<float>& weight) {
  threads_.for_ranges(rows_, 4, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row)
      normalise(row, weight, normed_.data() + row * config_.hidden);
  });
}

// attended = norm(attended) * sigmoid(gate), where the architecture has these.
void DecoderStack::finish_attended() {
  if (!config_.attended_norm && !config_.attention_gate) return;
  const size_t head = config_.head_size, width = config_.heads * head;
  threads_.for_ranges(rows_, 8, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row) {
      float* attended = attended_.data() + row * width;
      for (size_t h = 0; config_.attended_norm && h < config_.heads; ++h)
        kernels_.rms_norm(attended + h * head, nullptr, config_.norm_epsilon, head,
                          attended + h * head);
      if (config_.attention_gate)
        kernels_.sigmoid_gated(attended, opened_.data() + row * width, width);
    }
  });
}

void DecoderStack::add_branch(AfterNorm norm, const std::vector<float>& weight,
                              const ResidualMix& mix) {
  const size_t hidden = config_.hidden;
  threads_.for_ranges(rows_, 8, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row) {
      float* y = branch_.data() + row * hidden;
      float* residual = residual_.data() + row * hidden;
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

void DecoderStack::feed_forward(const LayerWeights& layer) {
  if (layer.sparse) return experts_->forward(*layer.sparse, normed_.data(), rows_, branch_.data());
  products_.feed_forward({&layer.gate, &layer.up, &layer.down}, config_.activation, normed_.data(),
                         rows_, gate_.data(), up_.data(), branch_.data());
}

void DecoderStack::run(size_t layer) {
  const LayerWeights& w = layers_[layer];
  normalise_rows(w.attention_norm);
  const kernels::Product in[] = {{&w.query, query_.data()},
                                 {&w.key, key_.data()},
                                 {&w.value, value_.data()},
                                 {&w.attention_gate, opened_.data()}};
  products_.multiply(std::span(in, config_.attention_gate ? 4 : 3), normed_.data(), rows_,
                     config_.hidden);
  attention_.store(layer, w, query_.data(), key_.data(), value_.data());
  attention_.attend(layer, query_.data(), attended_.data());
  finish_attended();
  const kernels::Product out[] = {{&w.output, branch_.data()}};
  products_.multiply(out, attended_.data(), rows_, config_.heads * config_.head_size);
  add_branch(config_.after_attention, w.after_attention_norm, w.attention_mix);
  normalise_rows(w.feed_forward_norm);
  feed_forward(w);
  add_branch(config_.after_feed_forward, w.after_feed_forward_norm, w.feed_forward_mix);
}

void DecoderStack::store(const float* x) {
  for (size_t layer = 0; layer < layers_.size(); ++layer) {
    const LayerWeights& w = layers_[layer];
    const kernels::Product in[] = {{&w.key, key_.data()}, {&w.value, value_.data()}};
    products_.multiply(in, x, rows_, config_.hidden);
    attention_.store(layer, w, nullptr, key_.data(), value_.data());
  }
}

}  // namespace helicon::models
