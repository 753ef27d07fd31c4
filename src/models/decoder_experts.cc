#include "models/decoder_experts.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace helicon::models {

using kernels::Product;

DecoderExperts::DecoderExperts(const DecoderConfig& config, size_t rows,
                               const kernels::KernelTable& kernels, ThreadPool& threads,
                               kernels::Products& products)
    : config_(config),
      kernels_(kernels),
      threads_(threads),
      products_(products),
      choices_(config.experts.count),
      logits_(rows * config.experts.count),
      scores_(logits_.size()),
      narrow_(rows * config.experts.width),
      sums_(narrow_.size()),
      gathered_(narrow_.size()),
      said_(narrow_.size()),
      gate_(rows * config.experts.feed_forward),
      up_(gate_.size()) {}

size_t DecoderExperts::scratch_bytes(const DecoderConfig& config, size_t rows) {
  const ExpertsConfig& experts = config.experts;
  return rows * (2 * experts.count + 4 * experts.width + 2 * experts.feed_forward) * sizeof(float);
}

// Scores are sigmoids of scaled logits. The correction counts where they are compared and not in
// the weights, which are the chosen scores, made to add up to one.
void DecoderExperts::choose(const SparseWeights& weights, const float* x, size_t rows) {
  const ExpertsConfig& experts = config_.experts;
  const size_t count = rows * experts.count;
  const Product product[] = {{&weights.router, logits_.data()}};
  products_.multiply(product, x, rows, config_.hidden);
  for (size_t i = 0; i < count; ++i) logits_[i] *= experts.logit_scale;
  std::fill_n(scores_.begin(), count, 1.0f);
  kernels_.sigmoid_gated(scores_.data(), logits_.data(), count);
  for (auto& choices : choices_) choices.clear();
  std::vector<size_t> order(experts.count);
  for (size_t row = 0; row < rows; ++row) {
    const float* scores = scores_.data() + row * experts.count;
    std::iota(order.begin(), order.end(), size_t{0});
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(experts.chosen);
    std::partial_sort(order.begin(), end, order.end(), [&](size_t a, size_t b) {
      const float left = scores[a] + weights.correction[a],
                  right = scores[b] + weights.correction[b];
      return left != right ? left > right : a < b;
    });
    float total = 0;
    for (auto expert = order.begin(); expert != end; ++expert) total += scores[*expert];
    for (auto expert = order.begin(); expert != end; ++expert)
      choices_[*expert].push_back({row, scores[*expert] / (total + 1e-15f) * experts.weight_scale});
  }
}

void DecoderExperts::run(const ExpertWeights& expert, const std::vector<float>& after_norm,
                         const std::vector<Choice>& choices) {
  const size_t width = config_.experts.width;
  for (size_t i = 0; i < choices.size(); ++i)
    std::memcpy(gathered_.data() + i * width, narrow_.data() + choices[i].row * width,
                width * sizeof(float));
  products_.feed_forward({&expert.gate, &expert.up, &expert.down}, config_.activation,
                         gathered_.data(), choices.size(), gate_.data(), up_.data(), said_.data());
  for (size_t i = 0; i < choices.size(); ++i) {
    float* said = said_.data() + i * width;
    for (size_t c = 0; c < width; ++c) said[c] *= after_norm[c];
    kernels_.rms_norm(said, nullptr, config_.after_norm_epsilon, width, said);
    float* sum = sums_.data() + choices[i].row * width;
    for (size_t c = 0; c < width; ++c) sum[c] += said[c] * choices[i].weight;
  }
}

void DecoderExperts::forward(const SparseWeights& weights, const float* x, size_t rows,
                             float* outputs) {
  const size_t width = config_.experts.width;
  choose(weights, x, rows);
  const Product in[] = {{&weights.in, narrow_.data()}};
  products_.multiply(in, x, rows, config_.hidden);
  threads_.for_ranges(rows, 8, [&](size_t first, size_t last) {
    for (size_t row = first; row < last; ++row)
      kernels_.rms_norm(narrow_.data() + row * width, weights.in_norm.data(), config_.norm_epsilon,
                        width, narrow_.data() + row * width);
  });
  std::fill_n(sums_.begin(), rows * width, 0.0f);
  for (size_t e = 0; e < choices_.size(); ++e)
    if (!choices_[e].empty()) run(weights.experts[e], weights.after_norm, choices_[e]);
  const Product out[] = {{&weights.out, outputs}};
  products_.multiply(out, sums_.data(), rows, width);
}

}  // namespace helicon::models
