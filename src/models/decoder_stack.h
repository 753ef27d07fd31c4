// A decoder's layers: residuals of a ragged batch of rows in, residuals out.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/products.h"
#include "models/config.h"
#include "models/decoder_attention.h"
#include "models/decoder_weights.h"
#include "models/model.h"

namespace helicon::models {

class DecoderExperts;

class DecoderStack {
 public:
  // All but `stack` must outlive it.
  DecoderStack(const DecoderConfig& config, const std::vector<LayerWeights>& layers,
               ExpertsIn experts, cache::Stack stack, const kernels::KernelTable& kernels,
               ThreadPool& threads);
  ~DecoderStack();

  // The residuals of the pass, [rows, hidden]: filled in before the first layer.
  float* residual() { return residual_.data(); }
  // Begins a pass over the rows of these runs, which must stay until it is over.
  void begin(std::span<const Run> runs, cache::PagePool& pool, Sight sight);
  size_t rows() const { return rows_; }  // of the pass
  void run(size_t layer);
  // target [hidden] = norm(residual of the row), times `weight`
  void normalise(size_t row, const std::vector<float>& weight, float* target) const;

  // Only stores the keys and values that the layers make of x [rows, hidden]; changes nothing else.
  void store(const float* x);
  kernels::Products& products() { return products_; }

 private:
  void normalise_rows(const std::vector<float>& weight);
  void finish_attended();
  // The branch, normalised, joins the residual as the architecture says.
  void add_branch(AfterNorm norm, const std::vector<float>& weight, const ResidualMix& mix);
  void feed_forward(const LayerWeights& layer);

  const DecoderConfig& config_;
  const std::vector<LayerWeights>& layers_;
  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  kernels::Products products_;
  DecoderAttention attention_;
  std::unique_ptr<DecoderExperts> experts_;  // where the model has any
  size_t rows_ = 0;                          // of this pass
  std::vector<float> residual_;              // [rows, hidden]
  std::vector<float> normed_;                // [rows, hidden]
  std::vector<float> query_;                 // [rows, heads, head_size]
  std::vector<float> key_, value_;           // [rows, kv_heads, head_size]
  std::vector<float> attended_;              // [rows, heads, head_size]
  std::vector<float> opened_;     // [rows, heads, head_size]: the gate of what is attended
  std::vector<float> branch_;     // [rows, hidden]
  std::vector<float> gate_, up_;  // [rows, feed_forward]
};

}  // namespace helicon::models
