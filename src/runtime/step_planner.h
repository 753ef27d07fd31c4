// Who gets which rows of a step.
//
// Everyone who writes gets a row, and prompts share what is left, a page at a time: a page to each
// owner in turn, and to each of an owner's requests in turn. A prompt is never left in the middle
// of a page, so that what two prompts have in common is computed by whoever is first, and found by
// the other before the next step.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/model.h"
#include "runtime/speculation.h"
#include "runtime/task.h"

namespace helicon::runtime {

// A task's share of one step: part of its prompt, or the last token of one choice and what is
// guessed to follow.
struct Part {
  Task* task = nullptr;
  Choice* choice = nullptr;  // null: the prompt
  models::Run run;
};

class StepPlanner {
 public:
  // While somebody waits for an answer, background requests have every so many-th step.
  static constexpr uint64_t kBackgroundTurn = 4;

  // `busy_prefill_rows`: rows for prompts in a step in which others write; at least a page.
  StepPlanner(cache::PrefixTree& tree, cache::PagePool& pages, size_t busy_prefill_rows);

  // Parts of at most models::kMaxRows rows, their positions reserved; none only if nothing runs.
  // Where no prompt takes part and `speculation` is not null, answers may have several rows.
  // Prompts take over what the tree has of them. The pool and what is idle in the tree suffice for
  // all that is running (Scheduler::admit sees to that).
  std::vector<Part> plan(std::span<const std::shared_ptr<Task>> running, Speculation* speculation);

 private:
  struct Prompt;

  void give_writers(std::span<Task* const> tasks, size_t most, std::vector<Part>& parts);
  void give_prompts(std::span<Task* const> tasks, size_t most, std::vector<Part>& parts);
  void add_guesses(Speculation& speculation, std::vector<Part>& parts);
  Prompt* next_prompt(std::vector<Prompt>& prompts, size_t most);
  void give_page(Prompt& prompt);
  void reserve(cache::Sequence& sequence, int count);

  cache::PrefixTree& tree_;
  cache::PagePool& pages_;
  size_t busy_prefill_rows_;
  uint64_t step_ = 0;
  uint64_t turn_ = 0;
  std::map<std::string, uint64_t, std::less<>> last_turn_;  // by owner
};

}  // namespace helicon::runtime
