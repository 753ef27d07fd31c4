// A request on its way through the engine, and each answer that is being written to it.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cache/prefix_tree.h"
#include "runtime/request.h"
#include "runtime/sampler.h"
#include "runtime/text_stream.h"

namespace helicon::runtime {

// One answer being written.
struct Choice {
  bool finished() const { return !reader; }
  // Positions that may still have to be run.
  int to_run(const Request& request) const { return request.max_tokens - generated; }

  int index = 0;
  uint64_t id = 0;                                  // among all answers
  std::optional<cache::PrefixTree::Reader> reader;  // while it is written
  std::vector<TokenId> tokens;                      // prompt and answer; the last is not yet run
  Sampler sampler;
  TextStream text;
  int generated = 0;
  uint64_t last_turn = 0;             // in which it had a row
  std::vector<TokenId> guessed = {};  // the last token and what is guessed to follow, in this step
};

struct Task {
  Task(Request r, Listener l) : request(std::move(r)), listener(std::move(l)) {}

  bool finished() const {
    return !prompt && std::all_of(choices.begin(), choices.end(),
                                  [](const Choice& c) { return c.finished(); });
  }

  Request request;
  Listener listener;
  std::atomic<bool> cancelled{false};  // the only member that other threads touch

  Usage usage;
  std::chrono::steady_clock::time_point submitted, admitted, prefilled;
  int overtaken = 0;                                // by younger requests, while it waited
  uint64_t last_turn = 0;                           // in which a part of its prompt was planned
  std::optional<cache::PrefixTree::Reader> prompt;  // while it is prefilled
  std::vector<Choice> choices;                      // after that
};

}  // namespace helicon::runtime
