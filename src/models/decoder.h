// The one decoder: runs the layers over a ragged batch of rows from any number of sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "models/config.h"
#include "models/decoder_products.h"
#include "models/decoder_weights.h"
#include "models/model.h"

namespace helicon::models {

class DecoderAttention;

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
  bool intact() const override { return weights_.intact(); }
  std::span<const float> forward(std::span<const Run> runs, cache::PagePool& pool) override;

 private:
  struct Scratch;

  void embed(std::span<const Run> runs);
  void normalise_rows(const std::vector<float>& weight);
  // attended *= sigmoid(gate), both [rows, heads, head_size].
  void apply_attention_gate();
  void add_branch(std::vector<float>& branch, const std::vector<float>& after_norm);

  DecoderConfig config_;
  DecoderWeights weights_;
  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  cache::KeyValueType cache_type_;
  DecoderProducts products_;
  std::unique_ptr<Scratch> scratch_;
  std::unique_ptr<DecoderAttention> attention_;
};

}  // namespace helicon::models
