#include "runtime/step_planner.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace helicon::runtime {
namespace {

constexpr size_t kPage = cache::kPagePositions;

}  // namespace

// A prompt that is not yet computed, and what this step computes of it.
struct StepPlanner::Prompt {
  Task* task;
  size_t rows = 0;     // given in this step
  bool waits = false;  // for another, who computes what it needs next

  cache::PrefixTree::Reader& reader() const { return *task->prompt; }
  size_t done() const { return static_cast<size_t>(reader().sequence().length()) + rows; }
  size_t left() const { return task->request.prompt.size() - done(); }
  size_t next() const { return std::min(kPage - done() % kPage, left()); }

  // Once `other`'s rows are computed, nothing is missing of this one's next page, but for the last
  // token of the prompt, of which there have to be logits.
  bool gains_all_from(const Prompt& other) const {
    if (other.rows == 0 || reader().place() != other.reader().place()) return false;
    const size_t at = done() / kPage * kPage;
    const size_t needed = std::min(left() - 1, kPage);
    const std::vector<TokenId>&mine = task->request.prompt, &theirs = other.task->request.prompt;
    return needed > 0 && other.done() - at >= needed &&
           std::equal(mine.begin() + static_cast<std::ptrdiff_t>(at),
                      mine.begin() + static_cast<std::ptrdiff_t>(at + needed),
                      theirs.begin() + static_cast<std::ptrdiff_t>(at));
  }
};

StepPlanner::StepPlanner(cache::PrefixTree& tree, cache::PagePool& pages, size_t busy_prefill_rows)
    : tree_(tree), pages_(pages), busy_prefill_rows_(std::max(busy_prefill_rows, kPage)) {}

std::vector<Part> StepPlanner::plan(std::span<const std::shared_ptr<Task>> running,
                                    Speculation* speculation) {
  ++step_;
  const auto is_interactive = [](const std::shared_ptr<Task>& task) {
    return task->request.priority == Priority::interactive;
  };
  const bool everyone =
      step_ % kBackgroundTurn == 0 || std::none_of(running.begin(), running.end(), is_interactive);
  std::vector<Task*> tasks;
  for (const std::shared_ptr<Task>& task : running) {
    if (task->prompt) task->usage.cached_tokens += task->prompt->adopt(task->request.prompt);
    if (everyone || is_interactive(task)) tasks.push_back(task.get());
  }
  const bool prompts = std::any_of(tasks.begin(), tasks.end(),
                                   [](const Task* task) { return task->prompt.has_value(); });
  std::vector<Part> parts;
  give_writers(tasks, models::kMaxRows - (prompts ? kPage : 0), parts);
  const size_t left = models::kMaxRows - parts.size();
  if (prompts)
    give_prompts(tasks, parts.empty() ? left : std::min(left, busy_prefill_rows_), parts);
  else if (speculation)
    add_guesses(*speculation, parts);
  return parts;
}

// Where there are more writers than rows, one of each owner in turn, and of each owner those who
// have waited longest.
void StepPlanner::give_writers(std::span<Task* const> tasks, size_t most,
                               std::vector<Part>& parts) {
  struct Writer {
    Task* task;
    Choice* choice;
  };
  std::map<std::string_view, std::vector<Writer>> by_owner;
  for (Task* task : tasks)
    for (Choice& choice : task->choices)
      if (!choice.finished()) by_owner[task->request.owner].push_back({task, &choice});
  if (by_owner.empty()) return;
  std::vector<std::vector<Writer>> owners;
  for (auto& [owner, writers] : by_owner) owners.push_back(std::move(writers));
  std::rotate(owners.begin(), owners.begin() + static_cast<std::ptrdiff_t>(step_ % owners.size()),
              owners.end());
  for (std::vector<Writer>& writers : owners)
    std::stable_sort(writers.begin(), writers.end(), [](const Writer& a, const Writer& b) {
      return a.choice->last_turn < b.choice->last_turn;
    });
  for (size_t round = 0, given = 1; given > 0; ++round) {
    given = 0;
    for (const std::vector<Writer>& writers : owners) {
      if (round >= writers.size() || parts.size() == most) continue;
      const auto& [task, choice] = writers[round];
      choice->last_turn = ++turn_;
      cache::Sequence& sequence = choice->reader->sequence();
      reserve(sequence, 1);
      parts.push_back(
          {task,
           choice,
           {&sequence, {&choice->tokens.back(), 1}, sequence.length(), 1, task->request.media}});
      ++given;
    }
  }
}

void StepPlanner::add_guesses(Speculation& speculation, std::vector<Part>& parts) {
  if (parts.size() >= Speculation::kMostRows) return;
  std::vector<Draft> drafts;
  for (const Part& part : parts) {
    const auto left = static_cast<size_t>(part.choice->to_run(part.task->request));
    cache::Sequence& sequence = part.choice->reader->sequence();
    // Memory suffices for what an answer may come to have, and no more.
    const bool reached = left >= speculation.reach();
    if (reached && speculation.reach() > 0)
      reserve(sequence, static_cast<int>(speculation.reach()));
    drafts.push_back({part.choice->id, part.choice->tokens, reached ? left - 1 : 0, {}, &sequence});
  }
  speculation.guess(drafts);
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::vector<TokenId>& guess = drafts[i].guess;
    if (guess.empty()) continue;
    Choice& choice = *parts[i].choice;
    choice.guessed.assign(1, choice.tokens.back());
    choice.guessed.insert(choice.guessed.end(), guess.begin(), guess.end());
    reserve(choice.reader->sequence(), static_cast<int>(choice.guessed.size()));
    parts[i].run.tokens = choice.guessed;
    parts[i].run.logits = choice.guessed.size();
  }
}

void StepPlanner::give_prompts(std::span<Task* const> tasks, size_t most,
                               std::vector<Part>& parts) {
  std::vector<Prompt> prompts;
  for (Task* task : tasks)
    if (task->prompt) prompts.push_back({task});
  // Owners and requests come and go; a new one is last.
  std::map<std::string, uint64_t, std::less<>> owners;
  for (const Prompt& prompt : prompts) {
    const std::string& owner = prompt.task->request.owner;
    const auto known = last_turn_.find(owner);
    owners.emplace(owner, known == last_turn_.end() ? turn_ : known->second);
    if (prompt.task->last_turn == 0) prompt.task->last_turn = turn_;
  }
  last_turn_ = std::move(owners);
  while (Prompt* prompt = next_prompt(prompts, most)) {
    prompt->waits = prompt->rows == 0 &&
                    std::any_of(prompts.begin(), prompts.end(),
                                [&](const Prompt& other) { return prompt->gains_all_from(other); });
    if (prompt->waits) continue;
    const size_t before = prompt->rows;
    give_page(*prompt);
    most -= prompt->rows - before;
  }
  for (const Prompt& prompt : prompts) {
    if (prompt.rows == 0) continue;
    const cache::Sequence& sequence = prompt.reader().sequence();
    const auto tokens = std::span<const TokenId>(prompt.task->request.prompt)
                            .subspan(static_cast<size_t>(sequence.length()), prompt.rows);
    parts.push_back({prompt.task,
                     nullptr,
                     {&sequence, tokens, sequence.length(), prompt.left() == 0 ? 1u : 0u,
                      prompt.task->request.media}});
  }
}

// Background requests, where they take part, have the first turn: it is their step.
StepPlanner::Prompt* StepPlanner::next_prompt(std::vector<Prompt>& prompts, size_t most) {
  const auto rank = [&](const Prompt& prompt) {
    const Request& request = prompt.task->request;
    return std::tuple(request.priority == Priority::interactive,
                      last_turn_.find(request.owner)->second, prompt.task->last_turn);
  };
  Prompt* next = nullptr;
  for (Prompt& prompt : prompts)
    if (!prompt.waits && prompt.left() > 0 && prompt.next() <= most &&
        (!next || rank(prompt) < rank(*next)))
      next = &prompt;
  return next;
}

// The rows to the end of the page or of the prompt, less what a cached page has of them.
void StepPlanner::give_page(Prompt& prompt) {
  Task& task = *prompt.task;
  cache::Sequence& sequence = prompt.reader().sequence();
  if (prompt.rows == 0) {
    // Its copy is the page that the reservation would take.
    while (sequence.units_needed(1) > pages_.available() && tree_.evict()) {
    }
    task.usage.cached_tokens += prompt.reader().adopt_part(task.request.prompt);
  }
  prompt.rows += prompt.next();
  reserve(sequence, static_cast<int>(prompt.rows));
  task.last_turn = last_turn_.find(task.request.owner)->second = ++turn_;
}

// Cannot fail: admission has counted the worst case.
void StepPlanner::reserve(cache::Sequence& sequence, int count) {
  while (!sequence.reserve(count) && tree_.evict()) {
  }
}

}  // namespace helicon::runtime
