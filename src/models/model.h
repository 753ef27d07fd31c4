// What the scheduler runs: anything that turns rows of tokens into logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "cache/sequence.h"
#include "models/media_rows.h"

namespace helicon::models {

// Consecutive new tokens of one sequence. The sequence has reserved their positions; the caller
// advances it after the pass.
struct Run {
  const cache::Sequence* sequence = nullptr;
  std::span<const int32_t> tokens;
  int position = 0;   // of the first token: the sequence's length
  size_t logits = 0;  // how many of the last tokens want logits
  std::span<const std::shared_ptr<const MediaRows>> media = {};  // of which it may have rows
};

// Rows of one pass are at most this many; more only cost cache.
inline constexpr size_t kMaxRows = 128;

class Model {
 public:
  virtual ~Model() = default;
  virtual size_t vocabulary() const = 0;
  virtual cache::CacheShape cache_shape() const = 0;
  // False once the weights can no longer be trusted (see ModelFile::intact).
  virtual bool intact() const = 0;

  // Runs all tokens of all runs (at most kMaxRows together, ids within the vocabulary or of rows of
  // a run's media, positions within the pages that are reserved). Gives back the
  // logits that were asked for, in order of runs and tokens: [wanted, vocabulary], valid until the
  // next pass.
  virtual std::span<const float> forward(std::span<const Run> runs, cache::PagePool& pool) = 0;

  // Tokens of a block that the model guesses in one pass, the last known one included; 0: it has
  // nothing to guess with.
  virtual size_t block() const { return 0; }
  // Guesses what follows the one token of each run, the first that the model has not been run for:
  // logits of the next Run::logits places, fewer than block(), [wanted, vocabulary], valid until
  // the next pass. The sequences have reserved a whole block, and all together are at most kMaxRows
  // tokens. It changes no logits of forward().
  virtual std::span<const float> guess_blocks(std::span<const Run> /*runs*/,
                                              cache::PagePool& /*pool*/) {
    return {};
  }
};

}  // namespace helicon::models
