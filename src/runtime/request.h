// What the engine is asked and what it answers, token by token.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "text/tokenizer.h"

namespace helicon::runtime {

using text::TokenId;

// Applied in this order: bias, penalties, temperature, top_k, top_p, min_p. Temperature 0 takes
// the largest logit (after bias and penalties), the lowest id among equals.
struct SamplingParameters {
  float temperature = 1.0f;         // >= 0
  int top_k = 0;                    // 0: all
  float top_p = 1.0f;               // (0, 1]
  float min_p = 0.0f;               // [0, 1]
  float repetition_penalty = 1.0f;  // > 0; over prompt and answer
  float frequency_penalty = 0.0f;   // [-2, 2]; over the answer
  float presence_penalty = 0.0f;    // [-2, 2]; over the answer
  uint64_t seed = 0;                // draws are a function of (seed, choice, position)
  std::vector<std::pair<TokenId, float>> logit_bias;
};

// Somebody waits for the one; the other is done with what is left, and never quite without a share.
enum class Priority { interactive, background };

struct Request {
  std::vector<TokenId> prompt;  // at least one token
  SamplingParameters sampling;
  int choices = 1;                // independent answers to one prompt
  int max_tokens = -1;            // per choice; -1: what the context leaves
  std::vector<std::string> stop;  // ends a choice when its text contains one; not emitted
  int top_logprobs = -1;          // -1: none; 0: of the token itself; up to 20 alternatives
  bool ignore_end = false;        // benchmarks: go on past end-of-text tokens
  std::string owner;              // requests of one owner share one fair share
  Priority priority = Priority::interactive;
};

struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;  // natural, of the model's own distribution (before sampling changes it)
};

enum class FinishReason { stop, length, cancelled, error };

// One step of one choice. Tokens whose text is held back (half a character, a possible stop
// string) arrive with empty text; it follows with a later event.
struct Event {
  int choice = 0;
  std::optional<TokenId> token;
  std::string text;                        // newly certain text, valid UTF-8
  std::optional<TokenLogprob> logprob;     // when asked for
  std::vector<TokenLogprob> alternatives;  // descending
  std::optional<FinishReason> finish;      // set on the last event of a choice
  std::optional<Error> error;              // with FinishReason::error
};

// Final figures, once, after the last event of the last choice.
struct Usage {
  int prompt_tokens = 0;
  int completion_tokens = 0;
  int cached_tokens = 0;     // of the prompt: others had computed them
  double queue_seconds = 0;  // until it was admitted
  double prefill_seconds = 0;
  double decode_seconds = 0;
};

// Called on the engine's thread, in order, and never after on_done; must not block.
struct Listener {
  std::function<void(Event)> on_event;
  std::function<void(const Usage&)> on_done;
};

}  // namespace helicon::runtime
