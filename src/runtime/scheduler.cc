#include "runtime/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
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

}  // namespace

Scheduler::Scheduler(models::Model& model, cache::PagePool& pages,
                     std::shared_ptr<const text::Tokenizer> tokenizer, int context_length,
                     SchedulerOptions options, std::unique_ptr<Drafter> drafter)
    : model_(model),
      pages_(pages),
      tokenizer_(std::move(tokenizer)),
      context_length_(context_length),
      tree_(pages, options.cached_units),
      planner_(tree_, pages, options.busy_prefill_rows) {
  if (options.speculation == SpeculationMode::off) return;
  if (!drafter) drafter = std::make_unique<LookupDrafter>();
  speculation_ = std::make_unique<Speculation>(options.speculation, std::move(drafter));
}

Status Scheduler::check(Request& request) const {
  if (request.prompt.empty())
    return Error{ErrorCode::invalid_argument, "the prompt is empty", "messages"};
  for (const TokenId token : request.prompt)
    if (token < 0 || (static_cast<size_t>(token) >= model_.vocabulary() &&
                      !models::find_rows(request.media, token)))
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
  const cache::CacheShape& shape = pages_.shape();
  size_t most = 0, page_units = 0;
  for (size_t group = 0; group < pages_.groups(); ++group) {
    most += most_pages(request, group) * shape.units(group);
    page_units += shape.units(group);
  }
  if (most > pages_.capacity())
    return Error{ErrorCode::too_large,
                 fmt::format("{} answers of up to {} tokens to a prompt of {} need more memory "
                             "than there is for keys and values ({} tokens in all)",
                             request.choices, request.max_tokens, request.prompt.size(),
                             pages_.capacity() / page_units * cache::kPagePositions),
                 request.choices > 1 ? "n" : "max_tokens"};
  return ok_status();
}

// The most that a request can come to hold. The prompt's pages once, and for each choice its own,
// its copy of the prompt's last one included; of windowed pages no more at a time than a window
// shows.
size_t Scheduler::most_pages(const Request& request, size_t group) const {
  const size_t prompt = pages_for(request.prompt.size());
  const size_t own =
      pages_for(request.prompt.size() + static_cast<size_t>(request.max_tokens)) - prompt + 1;
  const size_t most = group == cache::kWindowed ? pages_.shape().most_windowed(models::kMaxRows)
                                                : std::numeric_limits<size_t>::max();
  return std::min(prompt, most) + static_cast<size_t>(request.choices) * std::min(own, most);
}

// Of the full pages, what a running task may still take from the pool.
size_t Scheduler::owed_pages(const Task& task) const {
  if (task.prompt)
    return most_pages(task.request, cache::kFull) - task.prompt->sequence().pages().size();
  size_t pages = 0;
  for (const Choice& choice : task.choices)
    if (!choice.finished())
      pages += choice.reader->sequence().pages_needed(choice.to_run(task.request));
  return pages;
}

// Whether all that runs can go on to its end, if need be in place of what is cached for nobody in
// particular. Full pages that several share count once. Windowed ones come and go: each task has as
// many as it can come to hold, shared or not.
bool Scheduler::fits() const {
  size_t full = pages_.used(cache::kFull) - tree_.idle_pages(cache::kFull), windowed = 0;
  for (const std::shared_ptr<Task>& task : running_) {
    full += owed_pages(*task);
    if (pages_.groups() > 1) windowed += most_pages(task->request, cache::kWindowed);
  }
  size_t units = full * pages_.shape().units();
  if (windowed > 0) units += windowed * pages_.shape().units(cache::kWindowed);
  return units <= pages_.capacity();
}

void Scheduler::add(std::shared_ptr<Task> task) {
  task->submitted = Clock::now();
  task->usage.prompt_tokens = static_cast<int>(task->request.prompt.size());
  waiting_.add(std::move(task));
}

void Scheduler::step() {
  drop_cancelled();
  admit();
  const std::vector<Part> parts = planner_.plan(running_, speculation_.get());
  if (parts.empty()) return;
  const std::span<const float> logits = forward(parts);
  // Asked after the pass, so that nothing it made of a damaged file is told to anyone.
  if (!model_.intact()) {
    finish_all(
        FinishReason::error,
        {ErrorCode::io,
         "the model's file was cut short or could not be read while it was in use; ask again"});
    return clear_cache();
  }
  size_t row = 0;
  for (const Part& part : parts) {
    sample(part, logits.subspan(row * model_.vocabulary(), part.run.logits * model_.vocabulary()));
    row += part.run.logits;
  }
  remove_finished();
}

std::span<const float> Scheduler::forward(std::span<const Part> parts) {
  std::vector<models::Run> runs;
  size_t rows = 0;
  bool writes_only = true;
  for (const Part& part : parts) {
    runs.push_back(part.run);
    rows += part.run.tokens.size();
    writes_only &= part.choice != nullptr;
  }
  const auto start = Clock::now();
  const std::span<const float> logits = model_.forward(runs, pages_);
  if (speculation_ && writes_only)
    speculation_->measured(rows, seconds_between(start, Clock::now()));
  return logits;
}

void Scheduler::drop_cancelled() {
  waiting_.remove_if([&](Task& task) {
    if (!task.cancelled.load()) return false;
    finish_task(task, FinishReason::cancelled, nullptr);
    return true;
  });
  for (const std::shared_ptr<Task>& task : running_)
    if (task->cancelled.load()) finish_task(*task, FinishReason::cancelled, nullptr);
  remove_finished();
}

// Takes waiting tasks while memory is certain to suffice for all that run. Pages that a task finds
// in the tree are there already; they are no longer to be had for others. Nobody goes before the
// next in line because he needs less.
void Scheduler::admit() {
  while (!waiting_.empty()) {
    running_.push_back(waiting_.next(running_));
    Task& next = *running_.back();
    next.prompt.emplace(tree_);
    const int found = next.prompt->adopt(next.request.prompt);
    if (!fits()) {
      next.prompt.reset();
      running_.pop_back();
      return;
    }
    waiting_.take(next);
    next.admitted = Clock::now();
    next.usage.queue_seconds = seconds_between(next.submitted, next.admitted);
    next.usage.cached_tokens = found;
  }
}

// Takes in what a part has computed: its pages become findable, and its logits tokens.
void Scheduler::sample(const Part& part, std::span<const float> logits) {
  if (part.choice) return check_guesses(part, logits);
  Task& task = *part.task;
  task.prompt->sequence().advance(static_cast<int>(part.run.tokens.size()));
  task.prompt->publish(task.request.prompt);
  if (part.run.logits > 0) start_choices(task, logits);
}

// One token after the other, as without guesses: the next row counts if its token was guessed
// right.
void Scheduler::check_guesses(const Part& part, std::span<const float> logits) {
  Choice& choice = *part.choice;
  const size_t rows = part.run.logits;
  size_t taken = 0;
  bool wrong = false;
  while (taken < rows && !wrong && !choice.finished()) {
    choice.reader->sequence().advance(1);
    choice.reader->publish(choice.tokens);
    take_token(*part.task, choice,
               logits.subspan(taken * model_.vocabulary(), model_.vocabulary()));
    ++taken;
    wrong = taken < rows && choice.tokens.back() != part.run.tokens[taken];
  }
  if (rows == 1) return;
  speculation_->checked(choice.id, wrong ? rows - 1 : taken - 1, taken - 1);
  // What was reserved for wrong guesses.
  if (!choice.finished()) {
    cache::Sequence& sequence = choice.reader->sequence();
    sequence.truncate(sequence.length());
  }
}

void Scheduler::start_choices(Task& task, std::span<const float> logits) {
  task.prefilled = Clock::now();
  task.usage.prefill_seconds = seconds_between(task.admitted, task.prefilled);
  task.prompt->publish_tail(task.request.prompt);
  for (int index = 0; index < task.request.choices; ++index)
    task.choices.push_back({index, ++choices_, task.prompt->fork(), task.request.prompt,
                            Sampler(task.request.sampling, index, task.request.prompt),
                            TextStream(tokenizer_, task.request.stop, task.request.special_text)});
  task.prompt.reset();
  for (Choice& choice : task.choices) take_token(task, choice, logits);
}

void Scheduler::take_token(Task& task, Choice& choice, std::span<const float> logits) {
  if (!all_finite(logits)) {
    Event event;
    event.error = Error{ErrorCode::corrupt,
                        "the model's numbers are infinite or none at all: its file is damaged, or "
                        "was not made for this architecture"};
    return finish_choice(task, choice, FinishReason::error, std::move(event));
  }
  const Request& request = task.request;
  const TokenId token = choice.sampler.sample(logits, static_cast<int>(choice.tokens.size()));
  choice.sampler.accept(token);
  choice.tokens.push_back(token);
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
  choice.reader->publish_tail(choice.tokens);
  choice.reader.reset();
  if (speculation_) speculation_->forget(choice.id);
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
    if (!choice.finished()) finish_choice(task, choice, reason, event);
}

void Scheduler::remove_finished() {
  std::erase_if(running_, [&](const std::shared_ptr<Task>& task) {
    if (!task->finished()) return false;
    if (!task->choices.empty())
      task->usage.decode_seconds = seconds_between(task->prefilled, Clock::now());
    task->listener.on_done(task->usage);
    return true;
  });
}

void Scheduler::finish_all(FinishReason reason, const Error& error) {
  waiting_.remove_if([&](Task& task) {
    finish_task(task, reason, &error);
    return true;
  });
  for (const std::shared_ptr<Task>& task : running_) finish_task(*task, reason, &error);
  remove_finished();
}

}  // namespace helicon::runtime
