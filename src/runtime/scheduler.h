// Continuous batching: many requests, one pass a step. Single-threaded; the engine drives it.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/model.h"
#include "runtime/request.h"
#include "runtime/sampler.h"
#include "runtime/text_stream.h"

namespace helicon::runtime {

// One answer being written.
struct Choice {
  int index = 0;
  cache::Sequence sequence;
  Sampler sampler;
  TextStream text;
  TokenId next = 0;  // sampled, not yet run
  int generated = 0;
  bool finished = false;
};

// One request on its way through the engine.
struct Task {
  Task(Request r, Listener l) : request(std::move(r)), listener(std::move(l)) {}

  Request request;
  Listener listener;
  std::atomic<bool> cancelled{false};  // the only member that other threads touch

  Usage usage;
  std::chrono::steady_clock::time_point submitted, admitted, prefilled;
  size_t reserved_pages = 0;
  std::unique_ptr<cache::Sequence> prompt;  // while it is prefilled
  std::vector<Choice> choices;              // after that
};

struct SchedulerOptions {
  size_t max_pending = 256;       // requests that run or wait; beyond it, overloaded
  size_t busy_prefill_rows = 64;  // prompt rows a step while others are writing, so that they flow
};

class Scheduler {
 public:
  Scheduler(models::Model& model, cache::PagePool& pages,
            std::shared_ptr<const text::Tokenizer> tokenizer, int context_length,
            SchedulerOptions options = {});

  // What submit() would refuse for: an empty prompt, ids outside the vocabulary, a prompt that
  // leaves no room in the context (both numbers), parameters out of range, more than the pages can
  // ever hold. Safe from any thread. Fills in max_tokens where it is -1.
  Status check(Request& request) const;

  // Queues a checked task.
  void add(std::shared_ptr<Task> task);
  bool idle() const { return waiting_count_ == 0 && running_.empty(); }

  // One pass: drop what was cancelled, admit, run, sample, publish, free.
  void step();
  // Ends all tasks, waiting ones too.
  void finish_all(FinishReason reason, const Error& error);

 private:
  struct Planned;

  size_t worst_case_pages(const Request& request) const;
  void drop_cancelled();
  void admit();
  std::vector<Planned> plan();
  void consume(const Planned& planned, std::span<const float> logits);
  void start_choices(Task& task, std::span<const float> logits);
  void take_token(Task& task, Choice& choice, std::span<const float> logits);
  void finish_choice(Task& task, Choice& choice, FinishReason reason, Event event);
  void finish_task(Task& task, FinishReason reason, const Error* error);
  void remove_finished();

  models::Model& model_;
  cache::PagePool& pages_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  int context_length_;
  SchedulerOptions options_;
  size_t reserved_pages_ = 0;
  size_t waiting_count_ = 0;
  std::map<std::string, std::deque<std::shared_ptr<Task>>> waiting_;  // by owner
  std::vector<std::shared_ptr<Task>> running_;
  size_t turn_ = 0;  // whose prompt or choice comes first in the next step
};

}  // namespace helicon::runtime
