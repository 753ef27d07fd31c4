// The one decoder: runs the layers over a ragged batch of rows from any number of sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "kernels/products.h"
#include "models/config.h"
#include "models/decoder_weights.h"
#include "models/model.h"

namespace helicon::models {

class DecoderAttention;
class DecoderExperts;

// What the pages of such a decoder hold. Layers with a window are kept apart where there are
// others, and where they all have the same.
cache::CacheShape cache_shape(const DecoderConfig& config, cache::KeyValueType type);

class Decoder final : public Model {
 public:
  // The pool of pages must have the decoder's cache_shape().
  Decoder(DecoderConfig config, DecoderWeights weights, const kernels::KernelTable& kernels,
          ThreadPool& threads, cache::KeyValueType cache_type);
  ~Decoder() override;

  const DecoderConfig& config() const { return config_; }
  size_t vocabulary() const override { return config_.vocabulary; }
  cache::CacheShape cache_shape() const override;
  bool intact() const override { return weights_.tensors.intact(); }
  std::span<const float> forward(std::span<const Run> runs, cache::PagePool& pool) override;

 private:
  struct Scratch;

  void embed(std::span<const Run> runs);
  void normalise_rows(const std::vector<float>& weight);
  void finish_attended();
  // The branch, normalised, joins the residual as the architecture says.
  void add_branch(AfterNorm norm, const std::vector<float>& weight, const ResidualMix& mix);
  void feed_forward(const LayerWeights& layer);

  DecoderConfig config_;
  DecoderWeights weights_;
  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  cache::KeyValueType cache_type_;
  kernels::Products products_;
  std::unique_ptr<Scratch> scratch_;
  std::unique_ptr<DecoderAttention> attention_;
  std::unique_ptr<DecoderExperts> experts_;  // where the model has any
};

}  // namespace helicon::models
