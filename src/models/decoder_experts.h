// A feed-forward of experts: each row goes through the few that the router chooses for it.
#pragma once

#include <cstddef>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/products.h"
#include "models/config.h"
#include "models/decoder_weights.h"

namespace helicon::models {

class DecoderExperts {
 public:
  // All must outlive it. `rows`: at most so many at once.
  DecoderExperts(const DecoderConfig& config, ExpertsIn experts, size_t rows,
                 const kernels::KernelTable& kernels, ThreadPool& threads,
                 kernels::Products& products);

  // outputs [rows, hidden] = out(sum of weight * expert(in(x))), for x [rows, hidden], without in
  // and out where experts are as wide as the model. Rows are grouped by expert; what a row gets
  // depends on itself alone.
  void forward(const SparseWeights& weights, const float* x, size_t rows, float* outputs);

  // Working memory, in bytes.
  static size_t scratch_bytes(const DecoderConfig& config, size_t rows);

 private:
  // One row's place among those of an expert.
  struct Choice {
    size_t row;
    float weight;
  };

  void score(const float* x, const SparseWeights& weights, size_t rows);
  void choose(const SparseWeights& weights, const float* x, size_t rows);
  void read_ahead(const SparseWeights& weights) const;
  void run(const ExpertWeights& expert, const std::vector<float>& after_norm, const float* x,
           const std::vector<Choice>& choices);

  const DecoderConfig& config_;
  const ExpertsIn experts_in_;
  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  kernels::Products& products_;
  std::vector<std::vector<Choice>> choices_;  // by expert
  std::vector<float> logits_, scores_;        // [rows, experts]
  std::vector<float> narrow_, sums_;          // [rows, width]
  std::vector<float> gathered_, said_;        // [rows, width]
  std::vector<float> gate_, up_;              // [rows, feed_forward]
};

}  // namespace helicon::models
