// Who guesses what an answer will go on with. A guess costs little; the model then checks several
// tokens in one pass, and takes those that it would have chosen itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cache/sequence.h"
#include "text/tokenizer.h"

namespace helicon::runtime {

using text::TokenId;

// One answer that is being written, and what is guessed of it.
struct Draft {
  uint64_t writer = 0;              // the same for the same answer
  std::span<const TokenId> tokens;  // prompt and answer so far
  size_t most = 0;                  // so many tokens may be guessed
  std::vector<TokenId> guess;
  const cache::Sequence* sequence = nullptr;  // of the model; Drafter::reach() positions reserved
};

// What a guess takes, beside checking it: next to nothing, so much for each token, or so much for
// all tokens that are guessed at once.
enum class GuessCost { none, each, all };

// The token of the largest logit, the first of several; there is at least one.
TokenId likeliest(std::span<const float> logits);

class Drafter {
 public:
  virtual ~Drafter() = default;
  // Fills in the guesses; none where there is no clue.
  virtual void guess(std::span<Draft> drafts) = 0;
  virtual GuessCost cost() const = 0;
  // Tokens that it ever guesses of an answer in a step.
  virtual size_t most() const { return 8; }
  // Positions of the model's sequence that it writes on, from the last token's on.
  virtual size_t reach() const { return 0; }
  // The answer is complete.
  virtual void forget(uint64_t /*writer*/) {}
};

// What followed when the conversation's last tokens occurred before: the longest end of 4 to 2
// tokens that did, and of those the latest (Saxena: Prompt Lookup Decoding, 2023).
class LookupDrafter final : public Drafter {
 public:
  static constexpr size_t kLongest = 4, kShortest = 2;

  void guess(std::span<Draft> drafts) override;
  GuessCost cost() const override { return GuessCost::none; }
};

}  // namespace helicon::runtime
