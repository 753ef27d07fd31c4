#include "models/decoder_experts.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/mapped_file.h"
#include "tensor/element_type.h"

namespace helicon::models {

using kernels::Product;

DecoderExperts::DecoderExperts(const DecoderConfig& config, ExpertsIn experts, size_t rows,
                               const kernels::KernelTable& kernels, ThreadPool& threads,
                               kernels::Products& products)
    : config_(config),
      experts_in_(experts),
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

void DecoderExperts::score(const float* x, const SparseWeights& weights, size_t rows) {
  const ExpertsConfig& experts = config_.experts;
  const size_t count = rows * experts.count;
  const Product product[] = {{&weights.router, logits_.data()}};
  products_.multiply(product, x, rows, config_.hidden);
  for (size_t i = 0; i < count; ++i) logits_[i] *= experts.logit_scale;
  if (experts.scores == ExpertScores::sigmoid) {
    std::fill_n(scores_.begin(), count, 1.0f);
    return kernels_.sigmoid_gated(scores_.data(), logits_.data(), count);
  }
  for (size_t row = 0; row < rows; ++row) {
    const float* logits = logits_.data() + row * experts.count;
    float* scores = scores_.data() + row * experts.count;
    const float largest = *std::max_element(logits, logits + experts.count);
    float total = 0;
    for (size_t e = 0; e < experts.count; ++e) total += scores[e] = std::exp(logits[e] - largest);
    for (size_t e = 0; e < experts.count; ++e) scores[e] /= total;
  }
}

// The correction counts where scores are compared and not in the weights, which are the chosen
// scores.
void DecoderExperts::choose(const SparseWeights& weights, const float* x, size_t rows) {
  const ExpertsConfig& experts = config_.experts;
  score(x, weights, rows);
  for (auto& choices : choices_) choices.clear();
  std::vector<size_t> order(experts.count);
  std::vector<float> compared(experts.count);
  for (size_t row = 0; row < rows; ++row) {
    const float* scores = scores_.data() + row * experts.count;
    std::copy_n(scores, experts.count, compared.begin());
    for (size_t e = 0; e < weights.correction.size(); ++e) compared[e] += weights.correction[e];
    std::iota(order.begin(), order.end(), size_t{0});
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(experts.chosen);
    std::partial_sort(order.begin(), end, order.end(), [&](size_t a, size_t b) {
      return compared[a] != compared[b] ? compared[a] > compared[b] : a < b;
    });
    float total = 0;
    for (auto expert = order.begin(); expert != end; ++expert) total += scores[*expert];
    if (!experts.normalised) total = 1;
    for (auto expert = order.begin(); expert != end; ++expert)
      choices_[*expert].push_back({row, scores[*expert] / (total + 1e-15f) * experts.weight_scale});
  }
}

// The disk reads what comes while others are computed. Those in order of their tensors lie in the
// file in order, too.
void DecoderExperts::read_ahead(const SparseWeights& weights) const {
  for (size_t e = 0; e < choices_.size(); ++e) {
    if (choices_[e].empty()) continue;
    const ExpertWeights& expert = weights.experts[e];
    for (const kernels::PackedMatrix* matrix : {&expert.gate, &expert.up, &expert.down}) {
      const tensor::ElementTypeInfo& element = tensor::info(matrix->type);
      MappedFile::read_ahead({matrix->data, matrix->rows * matrix->columns /
                                                element.block_elements * element.block_bytes});
    }
  }
}

void DecoderExperts::run(const ExpertWeights& expert, const std::vector<float>& after_norm,
                         const float* x, const std::vector<Choice>& choices) {
  const size_t width = config_.experts.width;
  for (size_t i = 0; i < choices.size(); ++i)
    std::memcpy(gathered_.data() + i * width, x + choices[i].row * width, width * sizeof(float));
  products_.feed_forward({&expert.gate, &expert.up, &expert.down}, config_.activation,
                         gathered_.data(), choices.size(), gate_.data(), up_.data(), said_.data());
  for (size_t i = 0; i < choices.size(); ++i) {
    float* said = said_.data() + i * width;
    if (!after_norm.empty()) {
      for (size_t c = 0; c < width; ++c) said[c] *= after_norm[c];
      kernels_.rms_norm(said, nullptr, config_.after_norm_epsilon, width, said);
    }
    float* sum = sums_.data() + choices[i].row * width;
    for (size_t c = 0; c < width; ++c) sum[c] += said[c] * choices[i].weight;
  }
}

void DecoderExperts::forward(const SparseWeights& weights, const float* x, size_t rows,
                             float* outputs) {
  const size_t width = config_.experts.width;
  const bool projected = config_.experts.projected;
  choose(weights, x, rows);
  if (experts_in_ == ExpertsIn::file) read_ahead(weights);
  if (projected) {
    const Product in[] = {{&weights.in, narrow_.data()}};
    products_.multiply(in, x, rows, config_.hidden);
    threads_.for_ranges(rows, 8, [&](size_t first, size_t last) {
      for (size_t row = first; row < last; ++row)
        kernels_.rms_norm(narrow_.data() + row * width, weights.in_norm.data(),
                          config_.norm_epsilon, width, narrow_.data() + row * width);
    });
  }
  std::fill_n(sums_.begin(), rows * width, 0.0f);
  for (size_t e = 0; e < choices_.size(); ++e)
    if (!choices_[e].empty())
      run(weights.experts[e], weights.after_norm, projected ? narrow_.data() : x, choices_[e]);
  if (projected) {
    const Product out[] = {{&weights.out, outputs}};
    products_.multiply(out, sums_.data(), rows, width);
  } else {
    std::copy_n(sums_.begin(), rows * width, outputs);
  }
}

}  // namespace helicon::models
