#include "agents/work.h"

#include <fmt/format.h>

#include <algorithm>

namespace helicon::agents {
namespace {

Error no_room(int prompt, int context) {
  return {ErrorCode::context_length,
          fmt::format("the prompt has {} tokens; the context of {} leaves no room to reason",
                      prompt, context),
          "messages"};
}

}  // namespace

void Inbox::put(Note note) {
  const std::lock_guard lock(mutex_);
  notes_.push_back(std::move(note));
  changed_.notify_one();
}

void Inbox::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  changed_.notify_one();
}

bool Inbox::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

std::vector<Inbox::Note> Inbox::take() { return take(false); }
std::vector<Inbox::Note> Inbox::take_last() { return take(true); }

std::vector<Inbox::Note> Inbox::take_within(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [&] { return !notes_.empty() || cancelled_; });
  if (cancelled_) return {};
  return std::exchange(notes_, {});
}

std::vector<Inbox::Note> Inbox::take(bool also_cancelled) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !notes_.empty() || (cancelled_ && !also_cancelled); });
  if (cancelled_ && !also_cancelled) return {};
  return std::exchange(notes_, {});
}

void Work::Asked::take(chat::Event& event) {
  tokens += event.token.has_value();
  // It may count a little otherwise than we count its pieces.
  if (!beyond && most >= 0 && tokens > most + most / 8 + 8) {
    beyond = true;
    run->cancel();
  }
  if (!beyond) return;
  event.text.clear();
  event.reasoning.clear();
  event.calls.clear();
  if (event.finish && !event.error) event.finish = chat::FinishReason::length;
}

Result<Work::Asked> Work::ask(backends::ChatRequest asked) {
  const int sender = senders++;
  chat::Listener to_inbox{.on_event =
                              [inbox = inbox, sender](chat::Event event) {
                                inbox->put({.sender = sender, .event = std::move(event)});
                              },
                          .on_done =
                              [inbox = inbox, sender](const chat::Usage& figures) {
                                inbox->put({.sender = sender, .done = figures});
                              }};
  const int most = asked.max_tokens;
  HELICON_ASSIGN(auto run, model->start(std::move(asked), std::move(to_inbox)));
  return Asked{std::move(run), sender, most};
}

Result<Work::Asked> Work::ask_to_answer(backends::ChatRequest asked, int most) {
  asked.stop = request.stop;
  asked.max_tokens = most;
  auto run = ask(asked);
  // The client's bound fitted what the client asked, which has grown since by what was thought.
  if (run.ok() || run.error().code != ErrorCode::context_length || most < 0) return run;
  asked.max_tokens = -1;
  return ask(std::move(asked));
}

Result<Work::Asked> Work::ask_within(backends::ChatRequest asked, int budget) {
  const int bound = request.max_tokens;
  if (bound > 0) budget = std::min(budget, std::max(1, bound * 3 / 4));
  const int context = model->info().context_length;
  for (;;) {
    asked.max_tokens = budget;
    auto run = ask(asked);
    if (!run.ok()) {
      if (run.error().code != ErrorCode::context_length) return run;
      if (budget <= kLeastBudget) return without_room();
      budget /= 2;
      continue;
    }
    const int prompt = run->run->prompt_tokens();
    if (context > 0 && bound > context - prompt) {
      // It has to fit what the client asked, which our instruction made longer.
      const auto plain = ask(request);
      if (plain.ok()) plain->run->cancel();
      if (!plain.ok()) {
        run->run->cancel();
        return plain.error();
      }
    }
    const int room = context > 0 ? (context - prompt) / 2 : budget;
    if (budget <= room) return run;
    run->run->cancel();  // what it says is from a sender that nobody hears
    if (room < kLeastBudget) return no_room(prompt, context);
    budget = room;
  }
}

// Where not even kLeastBudget fits: why, in the client's terms.
Error Work::without_room() {
  const auto plain = ask(request);
  if (!plain.ok()) return plain.error();
  plain->run->cancel();
  return no_room(plain->run->prompt_tokens(), model->info().context_length);
}

void Work::count(const chat::Usage& run) {
  if (usage.prompt_tokens == 0) {  // the first: later prompts are of our own making
    usage.prompt_tokens = run.prompt_tokens;
    usage.cached_tokens = run.cached_tokens;
    usage.queue_seconds = run.queue_seconds;
  }
  usage.completion_tokens += run.completion_tokens;
  usage.reasoning_tokens += run.reasoning_tokens;
  usage.prefill_seconds += run.prefill_seconds;
  usage.decode_seconds += run.decode_seconds;
}

void Work::say(std::string reasoning, std::string text) {
  chat::Event event;
  event.reasoning = std::move(reasoning);
  event.text = std::move(text);
  listener.on_event(std::move(event));
}

void Work::report(chat::Progress progress) {
  chat::Event event;
  event.progress = std::move(progress);
  listener.on_event(std::move(event));
}

void Work::finish(chat::FinishReason reason, std::optional<Error> error) {
  // An upstream server's own figures and our count of its pieces need not agree.
  usage.reasoning_tokens = std::clamp(usage.reasoning_tokens, 0, usage.completion_tokens);
  chat::Event event;
  event.finish = reason;
  event.error = std::move(error);
  listener.on_event(std::move(event));
  listener.on_done(usage);
}

backends::ChatRequest with_reasoning(backends::ChatRequest request, bool on) {
  // A client that says otherwise knows better.
  if (!request.template_variables.contains("enable_thinking"))
    request.template_variables["enable_thinking"] = on;
  return request;
}

Said hear(Work& work, Work::Asked& asked, As as, int budget) {
  Said said;
  for (bool done = false; !done;) {
    std::vector<Inbox::Note> notes = said.cancelled ? work.inbox->take_last() : work.inbox->take();
    if (notes.empty()) {
      said.cancelled = true;
      asked.run->cancel();
      continue;
    }
    for (Inbox::Note& note : notes) {
      if (note.sender != asked.sender) continue;
      if (note.done) {
        work.count(*note.done);
        done = true;
      }
      if (!note.event) continue;
      chat::Event event = *std::move(note.event);
      asked.take(event);
      said.text += event.text;
      said.reasoning += event.reasoning;
      said.called = said.called || !event.calls.empty();
      said.finish = std::exchange(event.finish, std::nullopt).value_or(said.finish);
      if (event.error) said.error = std::exchange(event.error, std::nullopt);
      if (as == As::reasoning && said.reasoning.empty())
        event.reasoning = std::exchange(event.text, {});
      if (!said.cancelled &&
          (event.token || !event.text.empty() || !event.reasoning.empty() || !event.calls.empty()))
        work.listener.on_event(std::move(event));
    }
    if (budget > 0 && !done && !said.over_budget && asked.tokens >= budget && said.text.empty()) {
      said.over_budget = true;
      asked.run->cancel();
    }
  }
  said.tokens = asked.tokens;
  return said;
}

backends::ChatRequest instructed(const backends::ChatRequest& request,
                                 std::string_view instruction) {
  backends::ChatRequest result = request;
  result.stop.clear();
  result.max_tokens = -1;
  result.top_logprobs = -1;
  if (instruction.empty()) return result;
  for (size_t i = result.messages.size(); i-- > 0;)
    if (result.messages[i].role == "user") {
      result.messages[i].content += fmt::format("\n\n{}", instruction);
      return result;
    }
  chat::Message message;
  message.role = "user";
  message.content = instruction;
  result.messages.push_back(std::move(message));
  return result;
}

}  // namespace helicon::agents
