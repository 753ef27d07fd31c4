// What the engine is asked and what it answers, token by token.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "chat/event.h"
#include "models/media_rows.h"
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
  std::vector<TokenId> prompt;  // at least one token, or number of a row of its media
  models::Media media;
  SamplingParameters sampling;
  int choices = 1;                // independent answers to one prompt
  int max_tokens = -1;            // per choice; -1: what the context leaves
  std::vector<std::string> stop;  // ends a choice when its text contains one; not emitted
  int top_logprobs = -1;          // -1: none; 0: of the token itself; up to 20 alternatives
  bool ignore_end = false;        // benchmarks: go on past end-of-text tokens
  bool special_text = false;      // special tokens have their text, for whoever parses the answer
  std::string owner;              // requests of one owner share one fair share
  Priority priority = Priority::interactive;
};

// What it answers: on the engine's thread.
using chat::Event;
using chat::FinishReason;
using chat::Listener;
using chat::TokenLogprob;
using chat::Usage;

}  // namespace helicon::runtime
