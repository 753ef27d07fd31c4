// Continuous batching: many requests, one pass a step. Single-threaded; the engine drives it.
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "cache/prefix_tree.h"
#include "models/model.h"
#include "runtime/request.h"
#include "runtime/speculation.h"
#include "runtime/step_planner.h"
#include "runtime/task.h"
#include "runtime/waiting_line.h"

namespace helicon::runtime {

struct SchedulerOptions {
  size_t max_pending = 256;       // requests that run or wait; beyond it, overloaded
  size_t busy_prefill_rows = 64;  // prompt rows a step while others are writing, so that they flow
  // Units of pages (PagePool) kept for prompts to come, beside those of running requests; what the
  // pool has at most.
  size_t cached_units = std::numeric_limits<size_t>::max();
  SpeculationMode speculation = SpeculationMode::automatic;
};

class Scheduler {
 public:
  // Without a drafter, conversations are their own.
  Scheduler(models::Model& model, cache::PagePool& pages,
            std::shared_ptr<const text::Tokenizer> tokenizer, int context_length,
            SchedulerOptions options = {}, std::unique_ptr<Drafter> drafter = nullptr);

  // What submit() would refuse for: an empty prompt, ids outside the vocabulary, a prompt that
  // leaves no room in the context (both numbers), parameters out of range, more than the pages can
  // ever hold. Safe from any thread. Fills in max_tokens where it is -1.
  Status check(Request& request) const;

  // Queues a checked task.
  void add(std::shared_ptr<Task> task);
  bool idle() const { return waiting_.empty() && running_.empty(); }
  // Units of pages that are free, or will be when they are needed.
  size_t free_units() const { return pages_.available() + tree_.evictable(); }

  // One pass: drop what was cancelled, admit, plan, forward, sample, publish, free.
  void step();
  // Ends all tasks, waiting ones too.
  void finish_all(FinishReason reason, const Error& error);
  // Forgets what is kept for prompts to come.
  void clear_cache() { tree_.clear(); }

 private:
  size_t most_pages(const Request& request, size_t group) const;
  size_t owed_pages(const Task& task) const;
  bool fits() const;
  void drop_cancelled();
  void admit();
  std::span<const float> forward(std::span<const Part> parts);
  void sample(const Part& part, std::span<const float> logits);
  void check_guesses(const Part& part, std::span<const float> logits);
  void start_choices(Task& task, std::span<const float> logits);
  void take_token(Task& task, Choice& choice, std::span<const float> logits);
  void finish_choice(Task& task, Choice& choice, FinishReason reason, Event event);
  void finish_task(Task& task, FinishReason reason, const Error* error);
  void remove_finished();

  models::Model& model_;
  cache::PagePool& pages_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  int context_length_;
  cache::PrefixTree tree_;
  StepPlanner planner_;
  std::unique_ptr<Speculation> speculation_;  // null: off
  uint64_t choices_ = 0;                      // so far
  WaitingLine waiting_;
  std::vector<std::shared_ptr<Task>> running_;  // in order of admission
};

}  // namespace helicon::runtime
