// What comes back from a model, or from several at work on one question.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/message.h"

namespace helicon::chat {

using TokenId = int32_t;

struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;  // natural, of the model's own distribution (before sampling changes it)
};

enum class FinishReason { stop, length, cancelled, error };

// How far several agents are. Agents count from 0, rounds from 1. docs/api.md has them as clients
// see them.
struct Progress {
  enum class Kind {
    round,           // begins, with so many agents
    agent_started,   // agent, round, angle
    agent_wrote,     // agent, text: what has come since
    agent_checked,   // agent, result, check: its result was run or recalculated
    agent_finished,  // agent, result; outcome says how
    agreement,       // agreed of answered agents give `result`
    aggregating,     // the answer is made of what there is
    count
  };
  enum class Outcome { answered, no_result, stopped, failed };  // stopped: was not waited for
  enum class Check { none, passed, failed };

  Kind kind = Kind::round;
  int round = 0;
  int agent = 0;
  int agents = 0;  // of the round
  int agreed = 0;
  int answered = 0;
  int tokens = 0;  // that the agent has written, at its end
  Outcome outcome = Outcome::answered;
  Check check = Check::none;
  std::string angle;   // how it goes about it: "step by step"
  std::string text;    // valid UTF-8
  std::string result;  // short, comparable: "42", "B"; empty where answers cannot be compared
};

// "round", "agent_started", ...
std::string_view to_string(Progress::Kind kind);
std::string_view to_string(Progress::Outcome outcome);
std::string_view to_string(Progress::Check check);

// One step of one choice. Tokens whose text is held back (half a character, a possible stop
// string) arrive with empty text; it follows with a later event.
struct Event {
  int choice = 0;
  std::optional<TokenId> token;
  std::string text;                        // newly certain text of the answer, valid UTF-8
  std::string reasoning;                   // newly certain text of what comes before the answer
  std::vector<ToolCall> calls;             // of tools, newly certain and whole; without ids
  std::optional<TokenLogprob> logprob;     // when asked for
  std::vector<TokenLogprob> alternatives;  // descending
  std::optional<Progress> progress;        // of agents; nothing else is set then
  std::optional<FinishReason> finish;      // set on the last event of a choice
  std::optional<Error> error;              // with FinishReason::error
};

// Final figures, once, after the last event of the last choice.
struct Usage {
  int prompt_tokens = 0;
  int completion_tokens = 0;  // reasoning and all agents included
  int reasoning_tokens = 0;   // of these, what is not the answer
  int cached_tokens = 0;      // of the prompt: others had computed them
  double queue_seconds = 0;   // until it was admitted
  double prefill_seconds = 0;
  double decode_seconds = 0;
};

// Called on one thread at a time, in order, and never after on_done; must not block.
struct Listener {
  std::function<void(Event)> on_event;
  std::function<void(const Usage&)> on_done;
};

}  // namespace helicon::chat
