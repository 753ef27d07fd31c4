// Who guesses what an answer will go on with. A guess costs little; the model then checks several
// tokens in one pass, and takes those that it would have chosen itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "text/tokenizer.h"

namespace helicon::runtime {

using text::TokenId;

// One answer that is being written, and what is guessed of it.
struct Draft {
  uint64_t writer = 0;              // the same for the same answer
  std::span<const TokenId> tokens;  // prompt and answer so far
  size_t most = 0;                  // so many tokens may be guessed
  std::vector<TokenId> guess;
};

class Drafter {
 public:
  virtual ~Drafter() = default;
  // Fills in the guesses; none where there is no clue.
  virtual void guess(std::span<Draft> drafts) = 0;
  // Whether a guess costs so little that it need not be counted.
  virtual bool free() const = 0;
  // The answer is complete.
  virtual void forget(uint64_t /*writer*/) {}
};

// What followed when the conversation's last tokens occurred before: the longest end of 4 to 2
// tokens that did, and of those the latest (Saxena: Prompt Lookup Decoding, 2023).
class LookupDrafter final : public Drafter {
 public:
  static constexpr size_t kLongest = 4, kShortest = 2;

  void guess(std::span<Draft> drafts) override;
  bool free() const override { return true; }
};

}  // namespace helicon::runtime
