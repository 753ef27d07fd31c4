#include "conversation.h"

#include <condition_variable>
#include <deque>
#include <optional>
#include <random>
#include <utility>

namespace helicon::apps {
namespace {

// From the engine's thread to ours.
class Mailbox {
 public:
  void put(runtime::Event event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_one();
  }
  void close(const runtime::Usage& usage) {
    const std::lock_guard lock(mutex_);
    usage_ = usage;
    closed_ = true;
    changed_.notify_one();
  }
  // The next event; nullopt once all are taken and the figures have come.
  std::optional<runtime::Event> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !events_.empty() || closed_; });
    if (events_.empty()) return std::nullopt;
    runtime::Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  // After take() gave nullopt.
  const runtime::Usage& usage() const { return usage_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<runtime::Event> events_;
  runtime::Usage usage_;
  bool closed_ = false;
};

chat::Message spoken(std::string role, std::string content) {
  chat::Message message;
  message.role = std::move(role);
  message.content = std::move(content);
  return message;
}

}  // namespace

Conversation::Conversation(std::shared_ptr<backends::ChatModel> model,
                           std::shared_ptr<const agents::ProgramRunner> programs)
    : model_(std::move(model)), modes_(std::move(programs)) {}

backends::ChatRequest Conversation::next_request(uint64_t seed) const {
  backends::ChatRequest request;
  if (!system.empty()) request.messages.push_back(spoken("system", system));
  request.messages.insert(request.messages.end(), messages_.begin(), messages_.end());
  request.sampling = settings.sampling;
  request.sampling.seed = seed;
  request.max_tokens = settings.max_tokens;
  return request;
}

boost::json::array agents_json(const std::vector<chat::Progress>& agents) {
  boost::json::array array;
  for (const chat::Progress& one : agents)
    array.push_back({{"round", one.round},
                     {"agent", one.agent},
                     {"result", one.result},
                     {"check", to_string(one.check)},
                     {"tokens", one.tokens},
                     {"outcome", to_string(one.outcome)}});
  return array;
}

Result<Answer> Conversation::ask(std::string question,
                                 const std::function<Status(std::string_view)>& on_text) {
  const uint64_t seed = settings.seed ? *settings.seed : std::random_device()();
  messages_.push_back(spoken("user", std::move(question)));
  messages_.back().media = std::exchange(attached_, {});
  auto answer = stream(next_request(seed), on_text);
  if (!answer.ok() || answer->text.empty()) {
    messages_.pop_back();
    return answer;
  }
  answer->seed = seed;
  messages_.push_back(spoken("assistant", answer->text));
  messages_.back().reasoning = answer->reasoning;
  return answer;
}

Result<Answer> Conversation::stream(backends::ChatRequest request,
                                    const std::function<Status(std::string_view)>& on_text) {
  // Shared, because the engine may still hold the listener when we are done.
  const auto mailbox = std::make_shared<Mailbox>();
  runtime::Listener listener{
      .on_event = [mailbox](runtime::Event event) { mailbox->put(std::move(event)); },
      .on_done = [mailbox](const runtime::Usage& usage) { mailbox->close(usage); }};
  request.cancelled = begin();
  HELICON_ASSIGN(const auto run,
                 modes_.start(model_, std::move(request), settings.mode, std::move(listener)));
  set_run(run.get());
  Answer answer;
  Status status = ok_status();
  while (const auto event = mailbox->take()) {
    if (on_event) on_event(*event);
    answer.text += event->text;
    answer.reasoning += event->reasoning;
    if (event->progress && event->progress->kind == chat::Progress::Kind::agreement)
      answer.agreement = event->progress;
    if (event->progress && event->progress->kind == chat::Progress::Kind::agent_finished)
      answer.agents.push_back(*event->progress);
    if (event->finish) answer.finish = *event->finish;
    if (event->error) status = *event->error;
    if (status.ok() && !event->text.empty()) {
      status = on_text(event->text);
      if (!status.ok()) run->cancel();
    }
  }
  set_run(nullptr);
  HELICON_TRY(std::move(status));
  answer.usage = mailbox->usage();
  return answer;
}

void Conversation::cancel() {
  const std::lock_guard lock(mutex_);
  stop_.request_stop();
  if (run_ != nullptr) run_->cancel();
}

std::stop_token Conversation::begin() {
  const std::lock_guard lock(mutex_);
  stop_ = std::stop_source();
  return stop_.get_token();
}

void Conversation::set_run(backends::ChatRun* run) {
  const std::lock_guard lock(mutex_);
  run_ = run;
}

}  // namespace helicon::apps
