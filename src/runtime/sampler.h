// Picks the next token from logits, as a request's sampling parameters say.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "runtime/request.h"

namespace helicon::runtime {

// Errors: invalid_argument naming the parameter that is out of the ranges in request.h, or a bias
// of a token that is not in the vocabulary.
Status validate(const SamplingParameters& parameters, size_t vocabulary);

// Log-probabilities of the model's own distribution over logits [vocabulary]: of `token`, and of
// the `count` most likely, descending, the lowest id first among equals.
TokenLogprob token_logprob(std::span<const float> logits, TokenId token);
std::vector<TokenLogprob> top_logprobs(std::span<const float> logits, size_t count);

// Whether none of them is infinite or not a number: only then is there anything to choose.
bool all_finite(std::span<const float> logits);

// One choice's sampler: knows the tokens so far, for the penalties.
class Sampler {
 public:
  Sampler(SamplingParameters parameters, int choice, std::span<const TokenId> prompt);

  // The token after `position` tokens of prompt and answer. A pure function of logits, the tokens
  // accepted so far and (seed, choice, position).
  TokenId sample(std::span<const float> logits, int position);
  // The token became part of the answer.
  void accept(TokenId token);

 private:
  struct Candidate {
    TokenId id;
    float logit;
    float weight;
  };
  static constexpr size_t kWeightBlock = 1024;

  void adjust(std::vector<float>& logits) const;
  TokenId draw(std::span<const float> logits, int position);
  void weigh(std::span<const float> logits, float inverse_temperature);
  TokenId draw_from_all(double share) const;
  double truncate(std::span<const float> logits);

  SamplingParameters parameters_;
  uint64_t choice_;
  std::unordered_map<TokenId, int> prompt_counts_, answer_counts_;
  std::vector<float> adjusted_;
  std::vector<float> weights_;  // of the tokens: e^((logit - largest) / temperature)
  std::vector<double> totals_;  // of the weights, by blocks of kWeightBlock
  std::vector<Candidate> candidates_;
};

}  // namespace helicon::runtime
