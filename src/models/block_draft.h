// A block drafter (DFlash, Chen et al. 2026): a few layers that fill a whole block of tokens in one
// pass, from what chosen layers of the model made of the context. It has no vocabulary of its own:
// the model's embedding is its input and the model's output matrix its output.
// Specification: transformers 5.23.0, models/muse_glimmer_assistant and
// DFlashTokenCandidateGenerator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "models/config.h"
#include "models/decoder_stack.h"
#include "models/decoder_weights.h"

namespace helicon::models {

struct BlockDraftConfig {
  size_t block = 0;             // tokens: the last known one, and those to be guessed
  int32_t mask = 0;             // the token that stands for one to be guessed
  std::vector<size_t> sources;  // layers of the model whose outputs are read
  DecoderConfig stack;          // its own layers; a window is what a query sees to either side
};

// Whether the file is a drafter, and no model of its own.
bool is_block_draft(const weights::ModelFile& file);

// Errors: corrupt (missing or impossible numbers), unsupported (a feature that is not known),
// invalid_argument (made for another model than this one).
Result<BlockDraftConfig> configure_block_draft(const weights::ModelFile& file,
                                               const DecoderConfig& model);

struct BlockDraftWeights {
  weights::LoadedTensors tensors;   // what the matrices point into
  PackedMatrix context;             // [hidden, sources * hidden]
  std::vector<float> context_norm;  // [hidden]
  std::vector<LayerWeights> layers;
  std::vector<float> output_norm;  // [hidden]
};

// As for a decoder's weights.
Result<size_t> required_bytes(const weights::ModelFile& file, const BlockDraftConfig& config,
                              const LoadOptions& options);
Result<BlockDraftWeights> load_block_draft(std::shared_ptr<const weights::ModelFile> file,
                                           const BlockDraftConfig& config, ThreadPool& threads,
                                           const LoadOptions& options);

// Adds the drafter's layers to what the model's pages hold: where all of them slide, to the pages
// that slide with the model's, if there are any.
void add_to_shape(const BlockDraftConfig& config, cache::CacheShape& shape);

class BlockDraft {
 public:
  BlockDraft(BlockDraftConfig config, BlockDraftWeights weights,
             const kernels::KernelTable& kernels, ThreadPool& threads);

  const BlockDraftConfig& config() const { return config_; }
  bool intact() const { return weights_.tensors.intact(); }
  // Working memory of a drafter, in bytes.
  static size_t scratch_bytes(const BlockDraftConfig& config);

  // Takes note of what the model's `layer` has made of the rows of a pass, [rows, hidden].
  void see(size_t layer, const float* residual, size_t rows);
  // Keeps keys and values of these rows, once all layers were seen.
  void remember(std::span<const Run> runs, cache::PagePool& pool);

  // Where the embeddings of blocks go, as they are in the table: [blocks, block, hidden].
  float* embeddings() { return stack_.residual(); }
  // Fills the blocks; target [Run::logits of all, hidden] is what the output matrix turns into
  // logits.
  void fill(std::span<const Run> runs, cache::PagePool& pool, float* target);

 private:
  BlockDraftConfig config_;
  BlockDraftWeights weights_;
  const kernels::KernelTable& kernels_;
  ThreadPool& threads_;
  DecoderStack stack_;
  std::vector<float> seen_;         // [rows, sources * hidden]
  std::vector<float> context_;      // [rows, hidden]
  std::vector<int32_t> no_tokens_;  // [block]: what a block's runs are made of
};

}  // namespace helicon::models
