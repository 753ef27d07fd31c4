// The one decoder: runs the layers over a ragged batch of rows from any number of sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "cache/sequence.h"
#include "kernels/kernel_table.h"
#include "models/config.h"
#include "models/decoder_weights.h"

namespace helicon::models {

// Consecutive new tokens of one sequence. The sequence has reserved their positions; the caller
// advances it after the pass.
struct Run {
  const cache::Sequence* sequence = nullptr;
  std::span<const int32_t> tokens;
  int position = 0;   // of the first token: the sequence's length
  size_t logits = 0;  // how many of the last tokens want logits
};

// Rows of one pass are at most this many; more only cost cache.
inline constexpr size_t kMaxRows = 128;

class Decoder {
 public:
  // The pool of pages must have the decoder's cache_shape().
  Decoder(DecoderConfig config, DecoderWeights weights, const kernels::KernelTable& kernels,
          ThreadPool& threads);
  ~Decoder();

  const DecoderConfig& config() const { return config_; }
  cache::CacheShape cache_shape() const;
  bool intact() const { return weights_.file->intact(); }

  // Runs all tokens of all runs (at most kMaxRows together, ids within the vocabulary, positions
  // within the pages that are reserved). Gives back the logits that were asked for, in order of
  // runs and tokens: [wanted, vocabulary], valid until the next pass.
  std::span<const float> forward(std::span<const Run> runs, cache::PagePool& pool);

 private:
  struct Scratch;
  struct Product;

  void multiply(std::span<const Product> products, const std::vector<float>& x, size_t rows,
                size_t columns);
  void embed(std::span<const Run> runs);
  void attend(size_t layer, std::span<const Run> runs, cache::PagePool& pool);
  void store_keys_and_values(size_t layer, std::span<const Run> runs, cache::PagePool& pool);
  void feed_forward(size_t layer);
  void normalise_rows(const std::vector<float>& weight);
  void add_branch(std::vector<float>& branch, const std::vector<float>& after_norm);
  const float* cosines(size_t rotation, int position);

  DecoderConfig config_;
  DecoderWeights weights_;
  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace helicon::models
