#include "runtime/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace helicon::runtime {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

size_t pages_for(size_t positions) {
  return (positions + cache::kPagePositions - 1) / cache::kPagePositions;
}

bool finished(const Task& task) {
  return !task.prompt && std::all_of(task.choices.begin(), task.choices.end(),
                                     [](const Choice& c) { return c.finished; });
}

}  // namespace

// A task's share of one step: part of its prompt, or one token of one choice.
struct Scheduler::Planned {
  Task* task;
  Choice* choice;  // nullptr: the prompt
  models::Run run;
};

Scheduler::Scheduler(models::Model& model, cache::PagePool& pages,
                     std::shared_ptr<const text::Tokenizer> tokenizer, int context_length,
                     SchedulerOptions options)
    : model_(model),
      pages_(pages),
      tokenizer_(std::move(tokenizer)),
      context_length_(context_length),
      options_(options) {}

Status Scheduler::check(Request& request) const {
  if (request.prompt.empty())
    return Error{ErrorCode::invalid_argument, "the prompt is empty", "messages"};
  for (const TokenId token : request.prompt)
    if (token < 0 || static_cast<size_t>(token) >= model_.vocabulary())
      return Error{
          ErrorCode::invalid_argument,
          fmt::format("token {} is not in the vocabulary of {}", token, model_.vocabulary()),
          "messages"};
  const auto context = static_cast<size_t>(context_length_);
  if (request.prompt.size() >= context)
    return Error{ErrorCode::context_length,
                 fmt::format("the prompt has {} tokens; the context holds {}, of which at least "
                             "one is for the answer",
                             request.prompt.size(), context),
                 "messages"};
  const int room = context_length_ - static_cast<int>(request.prompt.size());
  if (request.max_tokens == -1) request.max_tokens = room;
  if (request.max_tokens < 1)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("max_tokens is {}, expected at least 1", request.max_tokens),
                 "max_tokens"};
  if (request.max_tokens > room)
    return Error{ErrorCode::context_length,
                 fmt::format("the prompt has {} tokens and max_tokens is {}; the context holds {}",
                             request.prompt.size(), request.max_tokens, context),
                 "max_tokens"};
  if (request.choices < 1 || request.choices > 128)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("n is {}, expected 1 to 128", request.choices), "n"};
  if (request.top_logprobs < -1 || request.top_logprobs > 20)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("top_logprobs is {}, expected 0 to 20", request.top_logprobs),
                 "top_logprobs"};
  HELICON_TRY(validate(request.sampling, model_.vocabulary()));
  if (worst_case_pages(request) > pages_.capacity())
    return Error{ErrorCode::too_large,
                 fmt::format("{} answers of up to {} tokens to a prompt of {} need more memory "
                             "than there is for keys and values ({} tokens in all)",
                             request.choices, request.max_tokens, request.prompt.size(),
                             pages_.capacity() * cache::kPagePositions),
                 request.choices > 1 ? "n" : "max_tokens"};
  return ok_status();
}

// The prompt's pages once, and for each choice its own, its copy of the prompt's last one included.
size_t Scheduler::worst_case_pages(const Request& request) const {
  const size_t prompt = pages_for(request.prompt.size());
  const size_t all = pages_for(request.prompt.size() + static_cast<size_t>(request.max_tokens));
  return prompt + static_cast<size_t>(request.choices) * (all - prompt + 1);
}

void Scheduler::add(std::shared_ptr<Task> task) {
  task->submitted = Clock::now();
  task->usage.prompt_tokens = static_cast<int>(task->request.prompt.size());
  ++waiting_count_;
  waiting_[task->request.owner].push_back(std::move(task));
}

void Scheduler::step() {
  drop_cancelled();
  admit();
  const std::vector<Planned> planned = plan();
  if (planned.empty()) return;
  std::vector<models::Run> runs;
  for (const Planned& part : planned) runs.push_back(part.run);
  const std::span<const float> logits = model_.forward(runs, pages_);
  // Asked after the pass, so that nothing it made of a damaged file is told to anyone.
  if (!model_.intact())
    return finish_all(
        FinishReason::error,
        {ErrorCode::io,
         "the model's file was cut short or could not be read while it was in use; ask again"});
  size_t row = 0;
  for (const Planned& part : planned) {
    consume(part, logits.subspan(row * model_.vocabulary(), part.run.logits * model_.vocabulary()));
    row += part.run.logits;
  }
  remove_finished();
}

void Scheduler::drop_cancelled() {
  for (auto& [owner, queue] : waiting_)
    std::erase_if(queue, [&](const std::shared_ptr<Task>& task) {
      if (!task->cancelled.load()) return false;
      --waiting_count_;
      finish_task(*task, FinishReason::cancelled, nullptr);
      return true;
    });
  std::erase_if(waiting_, [](const auto& entry) { return entry.second.empty(); });
  for (const std::shared_ptr<Task>& task : running_)
    if (task->cancelled.load()) finish_task(*task, FinishReason::cancelled, nullptr);
  remove_finished();
}

// Takes waiting tasks while their pages are certain to suffice: first the owner with the fewest
// running, then the one who waited longest.
void Scheduler::admit() {
  while (!waiting_.empty()) {
    const auto running_of = [&](const std::string& owner) {
      return std::count_if(running_.begin(), running_.end(),
                           [&](const auto& task) { return task->request.owner == owner; });
    };
    auto next = waiting_.begin();
    for (auto it = std::next(next); it != waiting_.end(); ++it) {
      const auto a = running_of(it->first), b = running_of(next->first);
      if (a < b || (a == b && it->second.front()->submitted < next->second.front()->submitted))
        next = it;
    }
    std::shared_ptr<Task> task = next->second.front();
    const size_t pages = worst_case_pages(task->request);
    if (reserved_pages_ + pages > pages_.capacity()) return;
    next->second.pop_front();
    if (next->second.empty()) waiting_.erase(next);
    --waiting_count_;
    reserved_pages_ += pages;
    task->reserved_pages = pages;
    task->admitted = Clock::now();
    task->usage.queue_seconds = seconds_between(task->submitted, task->admitted);
    task->prompt = std::make_unique<cache::Sequence>(pages_);
    running_.push_back(std::move(task));
  }
}

// Every writing choice gets its token; prompts share the rows that are left, each in its turn.
std::vector<Scheduler::Planned> Scheduler::plan() {
  std::vector<Planned> planned;
  size_t rows = 0;
  const size_t count = running_.size();
  for (size_t i = 0; i < count; ++i) {
    Task& task = *running_[(turn_ + i) % count];
    for (Choice& choice : task.choices) {
      if (choice.finished || rows == models::kMaxRows) continue;
      planned.push_back(
          {&task, &choice, {&choice.sequence, {&choice.next, 1}, choice.sequence.length(), 1}});
      ++rows;
    }
  }
  size_t left =
      rows == 0 ? models::kMaxRows : std::min(options_.busy_prefill_rows, models::kMaxRows - rows);
  auto prompts = static_cast<size_t>(std::count_if(
      running_.begin(), running_.end(), [](const auto& task) { return task->prompt != nullptr; }));
  for (size_t i = 0; i < count && left > 0; ++i) {
    Task& task = *running_[(turn_ + i) % count];
    if (!task.prompt) continue;
    const auto done = static_cast<size_t>(task.prompt->length());
    const size_t share = std::max<size_t>(1, left / prompts--);
    const size_t take = std::min(share, task.request.prompt.size() - done);
    const bool last = done + take == task.request.prompt.size();
    planned.push_back({&task,
                       nullptr,
                       {task.prompt.get(), std::span(task.request.prompt).subspan(done, take),
                        task.prompt->length(), last ? 1u : 0u}});
    left -= take;
  }
  ++turn_;
  // Cannot fail: admission has counted the worst case.
  for (const Planned& part : planned)
    (part.choice ? part.choice->sequence : *part.task->prompt)
        .reserve(static_cast<int>(part.run.tokens.size()));
  return planned;
}

void Scheduler::consume(const Planned& planned, std::span<const float> logits) {
  Task& task = *planned.task;
  const auto count = static_cast<int>(planned.run.tokens.size());
  if (planned.choice) {
    planned.choice->sequence.advance(count);
    take_token(task, *planned.choice, logits);
    return;
  }
  task.prompt->advance(count);
  if (planned.run.logits > 0) start_choices(task, logits);
}

void Scheduler::start_choices(Task& task, std::span<const float> logits) {
  task.prefilled = Clock::now();
  task.usage.prefill_seconds = seconds_between(task.admitted, task.prefilled);
  for (int index = 0; index < task.request.choices; ++index)
    task.choices.push_back({index, task.prompt->fork(),
                            Sampler(task.request.sampling, index, task.request.prompt),
                            TextStream(tokenizer_, task.request.stop)});
  task.prompt.reset();
  for (Choice& choice : task.choices) take_token(task, choice, logits);
}

void Scheduler::take_token(Task& task, Choice& choice, std::span<const float> logits) {
  const Request& request = task.request;
  const TokenId token = choice.sampler.sample(logits, choice.sequence.length());
  choice.sampler.accept(token);
  choice.next = token;
  ++choice.generated;
  ++task.usage.completion_tokens;
  Event event;
  event.choice = choice.index;
  event.token = token;
  if (request.top_logprobs >= 0) {
    event.logprob = token_logprob(logits, token);
    if (request.top_logprobs > 0)
      event.alternatives = top_logprobs(logits, static_cast<size_t>(request.top_logprobs));
  }
  if (tokenizer_->ends_generation(token) && !request.ignore_end)
    return finish_choice(task, choice, FinishReason::stop, std::move(event));
  event.text = choice.text.push(token);
  if (choice.text.stopped())
    return finish_choice(task, choice, FinishReason::stop, std::move(event));
  if (choice.generated >= request.max_tokens)
    return finish_choice(task, choice, FinishReason::length, std::move(event));
  task.listener.on_event(std::move(event));
}

void Scheduler::finish_choice(Task& task, Choice& choice, FinishReason reason, Event event) {
  event.choice = choice.index;
  event.text += choice.text.finish();
  event.finish = reason;
  choice.finished = true;
  choice.sequence = cache::Sequence(pages_);
  task.listener.on_event(std::move(event));
}

// Ends what still runs of a task; remove_finished() does the rest.
void Scheduler::finish_task(Task& task, FinishReason reason, const Error* error) {
  Event event;
  if (error) event.error = *error;
  if (task.choices.empty()) {
    // Still waiting or in its prompt: each choice gets its end, so that listeners need no other
    // rule.
    event.finish = reason;
    for (event.choice = 0; event.choice < task.request.choices; ++event.choice)
      task.listener.on_event(event);
    const bool waiting = !task.prompt;
    task.prompt.reset();
    if (waiting) task.listener.on_done(task.usage);
    return;
  }
  for (Choice& choice : task.choices)
    if (!choice.finished) finish_choice(task, choice, reason, event);
}

void Scheduler::remove_finished() {
  std::erase_if(running_, [&](const std::shared_ptr<Task>& task) {
    if (!finished(*task)) return false;
    if (!task->choices.empty())
      task->usage.decode_seconds = seconds_between(task->prefilled, Clock::now());
    reserved_pages_ -= task->reserved_pages;
    task->listener.on_done(task->usage);
    return true;
  });
}

void Scheduler::finish_all(FinishReason reason, const Error& error) {
  for (auto& [owner, queue] : waiting_)
    for (const std::shared_ptr<Task>& task : queue) finish_task(*task, reason, &error);
  waiting_.clear();
  waiting_count_ = 0;
  for (const std::shared_ptr<Task>& task : running_) finish_task(*task, reason, &error);
  remove_finished();
}

}  // namespace helicon::runtime
