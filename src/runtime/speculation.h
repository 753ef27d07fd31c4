// Speculation without loss: several tokens of an answer in one pass, the same tokens as without.
//
// A step's rows are the answer's last token and what was guessed to follow. The sampler goes
// through them as it would one step at a time, and on to the next as long as the guess is what it
// chose; what was computed for wrong guesses is forgotten. How many guesses a step takes is decided
// by what they have been worth and by what rows have cost, both measured as they come.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "runtime/drafter.h"

namespace helicon::runtime {

// `lookup` checks every guess that the conversation itself suggests, whatever it costs; `automatic`
// only as many as pay.
enum class SpeculationMode { off, lookup, automatic };

// Seconds of a step by its rows, as measured of late. Not known is as good as free, so that it
// becomes known.
class StepCost {
 public:
  static constexpr size_t kMostRows = 16;

  void measured(size_t rows, double seconds);
  double seconds(size_t rows) const;

 private:
  std::array<double, kMostRows + 1> seconds_{};  // 0: not known
};

class Speculation {
 public:
  // Steps with more rows are not worth it, and logits cost memory.
  static constexpr size_t kMostRows = StepCost::kMostRows;
  // Every so many-th step guesses are taken though they may not pay, in case that has changed.
  static constexpr uint64_t kTrial = 256;

  Speculation(SpeculationMode mode, std::unique_ptr<Drafter> drafter);

  // Guesses for the answers of a step, one row each so far; each comes with the most it may have.
  void guess(std::vector<Draft>& drafts);
  // Positions to be reserved for it, from an answer's last token on (Drafter::reach).
  size_t reach() const { return drafter_->reach(); }
  // How many of an answer's guesses came true. All that follows a wrong one is wrong.
  void checked(uint64_t writer, size_t guesses, size_t right);
  void forget(uint64_t writer);
  // What a pass took in which answers had so many rows, and prompts none.
  void measured(size_t rows, double seconds);

 private:
  double chance(uint64_t writer) const;
  void limit_to_rows(std::vector<Draft>& drafts) const;
  void keep_what_pays(std::vector<Draft>& drafts) const;
  size_t depth_that_pays(const std::vector<Draft>& drafts) const;

  SpeculationMode mode_;
  std::unique_ptr<Drafter> drafter_;
  StepCost cost_;
  double guess_seconds_ = 0;            // for one more token of all answers, or for all tokens
  double chance_ = 0.5;                 // that a guess is right, where nothing is known
  std::map<uint64_t, double> chances_;  // by answer
  uint64_t step_ = 0;
};

}  // namespace helicon::runtime
