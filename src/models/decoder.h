// The one decoder: runs the layers over a ragged batch of rows from any number of sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "kernels/kernel_table.h"
#include "models/block_draft.h"
#include "models/config.h"
#include "models/decoder_stack.h"
#include "models/decoder_weights.h"
#include "models/model.h"

namespace helicon::models {

// What the pages of such a decoder hold. Layers with a window are kept apart where there are
// others, and where they all have the same.
cache::CacheShape cache_shape(const DecoderConfig& config, cache::KeyValueType type);

class Decoder final : public Model {
 public:
  // The pool of pages must have the decoder's cache_shape(). `draft` may be null.
  Decoder(DecoderConfig config, DecoderWeights weights, std::unique_ptr<BlockDraft> draft,
          const kernels::KernelTable& kernels, ThreadPool& threads, cache::KeyValueType cache_type);

  const DecoderConfig& config() const { return config_; }
  size_t vocabulary() const override { return config_.vocabulary; }
  cache::CacheShape cache_shape() const override;
  bool intact() const override {
    return weights_.tensors.intact() && (!draft_ || draft_->intact());
  }
  std::span<const float> forward(std::span<const Run> runs, cache::PagePool& pool) override;
  size_t block() const override { return draft_ ? draft_->config().block : 0; }
  std::span<const float> guess_blocks(std::span<const Run> runs, cache::PagePool& pool) override;

 private:
  void look_up(int32_t token, float* x) const;
  void embed(std::span<const Run> runs);
  // Logits of normed_ [rows, hidden].
  void multiply_output(size_t rows);

  DecoderConfig config_;
  DecoderWeights weights_;
  std::unique_ptr<BlockDraft> draft_;
  const kernels::KernelTable& kernels_;
  cache::KeyValueType cache_type_;
  DecoderStack stack_;
  std::vector<float> normed_;  // [wanted, hidden]
  std::vector<float> logits_;  // [wanted, vocabulary]
};

}  // namespace helicon::models
