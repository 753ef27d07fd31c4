// POST /v1/chat/completions
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <stop_token>
#include <utility>

#include "http/chat_media.h"
#include "http/chat_reply.h"
#include "http/chat_request.h"
#include "http/error.h"
#include "http/event_queue.h"
#include "http/receive.h"
#include "http/routes.h"
#include "http/utf8.h"

namespace helicon::http {
namespace {

using Model = backends::ModelPool::Model;

Error interruption(Interrupt why) {
  if (why == Interrupt::stopping) return {ErrorCode::cancelled, "the server is stopping", {}};
  return {ErrorCode::overloaded, "the answer was not read fast enough, and has been stopped", {}};
}

uint64_t random_seed() {
  std::random_device random;
  return (uint64_t{random()} << 32) | random();
}

// One answer, from the parsed request to the last byte. Lives in its coroutine's frame.
class ChatAnswer {
 public:
  ChatAnswer(Exchange& exchange, Services& services)
      : exchange_(exchange),
        services_(services),
        queue_(std::make_shared<EventQueue>(
            exchange.executor(), services.options.limits.queued_events, [this] { cancel(); })) {
    exchange_.watch([queue = queue_](Interrupt why) { queue->interrupt(why); });
  }
  ~ChatAnswer() { queue_->close(); }
  ChatAnswer(const ChatAnswer&) = delete;
  ChatAnswer& operator=(const ChatAnswer&) = delete;

  Awaitable<void> run();

 private:
  Awaitable<Status> start();
  Awaitable<void> stream();
  Awaitable<void> collect();
  // What makes an end of the whole answer of this batch, if anything does.
  std::optional<Error> failure_in(const EventQueue::Batch& batch) const;
  void count(const EventQueue::Batch& batch);

  void cancel() {
    stop_.request_stop();
    if (run_) run_->cancel();
  }

  Exchange& exchange_;
  Services& services_;
  std::shared_ptr<EventQueue> queue_;
  ChatCompletionRequest request_;
  ChatReplyHead head_;
  Model model_;
  std::unique_ptr<backends::ChatRun> run_;  // destroyed before the model
  std::stop_source stop_;                   // whether or not it runs yet
  int tokens_ = 0;                          // of the answer, so far
  std::string queued_;                      // for the log, once it is known
};

Awaitable<void> ChatAnswer::run() {
  const Status started = co_await start();
  exchange_.drop_body();
  if (!started.ok()) {
    co_await exchange_.send(error_reply(started.error()));
    co_return;
  }
  if (request_.stream) {
    co_await stream();
  } else {
    co_await collect();
  }
  exchange_.annotate(fmt::format("{} {}+{} tokens{}", quotable(request_.model),
                                 run_->prompt_tokens(), tokens_, queued_));
}

// Reads the request, opens the model and starts a run. All of it can take a while and happens on
// other threads; the client may be gone when it is done.
Awaitable<Status> ChatAnswer::start() {
  auto parsed = co_await run_on(services_.workers, exchange_.executor(),
                                [this] { return parse_chat_request(exchange_.request().body); });
  if (!parsed.ok()) co_return std::move(parsed).error();
  request_ = *std::move(parsed);
  request_.chat.sampling.seed =
      request_.seed ? static_cast<uint64_t>(*request_.seed) : random_seed();
  request_.chat.cancelled = stop_.get_token();
  request_.chat.owner = fmt::format("{}/{}", exchange_.request().peer, request_.user);

  auto model = co_await receive<Result<Model>>(exchange_.executor(), [this](auto deliver) {
    boost::asio::post(services_.workers, [this, deliver = std::move(deliver)] {
      services_.models.acquire_async(request_.model, deliver);
    });
  });
  if (!model.ok()) {
    Error error = std::move(model).error();
    if (error.code == ErrorCode::not_found) error.parameter = "model";
    co_return error;
  }
  model_ = *std::move(model);
  if (stop_.stop_requested())
    co_return Error{ErrorCode::cancelled, "the client or the server went away", {}};

  head_ = {.id = new_completion_id(),
           .created = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()),
           .model = request_.model,
           .choices = request_.chat.choices,
           .logprobs = request_.chat.top_logprobs >= 0,
           .include_usage = request_.include_usage,
           .token_bytes = [model = model_](runtime::TokenId id) { return model->token_bytes(id); }};
  const bool has_media =
      std::any_of(request_.chat.messages.begin(), request_.chat.messages.end(),
                  [](const chat::Message& message) { return !message.media.empty(); });
  auto& workers = has_media ? services_.media_workers : services_.workers;
  using Started = Result<std::unique_ptr<backends::ChatRun>>;
  // Who waits for a server elsewhere keeps nobody from looking at a picture.
  if (has_media) {
    const Status fetched = co_await run_on(services_.fetchers, exchange_.executor(), [this] {
      const ServerOptions& options = services_.options;
      return fetch_media(request_.chat.messages, model_->info(), options.fetch_rules,
                         options.fetch_limits, stop_.get_token());
    });
    if (!fetched.ok()) co_return fetched.error();
  }
  auto started = co_await run_on(workers, exchange_.executor(), [this]() -> Started {
    runtime::Listener listener;
    listener.on_event = [queue = queue_](runtime::Event event) { queue->push(std::move(event)); };
    listener.on_done = [queue = queue_](const runtime::Usage& usage) { queue->finish(usage); };
    return services_.modes.start(model_, std::move(request_.chat), request_.mode,
                                 std::move(listener));
  });
  if (!started.ok()) co_return std::move(started).error();
  run_ = *std::move(started);
  if (stop_.stop_requested()) run_->cancel();
  co_return ok_status();
}

std::optional<Error> ChatAnswer::failure_in(const EventQueue::Batch& batch) const {
  for (const runtime::Event& event : batch.events) {
    if (event.error) return event.error;
    if (event.finish == runtime::FinishReason::error) {
      return Error{ErrorCode::internal, "the model failed", {}};
    }
    if (event.finish == runtime::FinishReason::cancelled) {
      return Error{ErrorCode::cancelled, "the answer was stopped", {}};
    }
  }
  // An answer that was complete before the interruption is still worth sending.
  if (batch.interrupt != Interrupt::none && !batch.usage) return interruption(batch.interrupt);
  return std::nullopt;
}

void ChatAnswer::count(const EventQueue::Batch& batch) {
  for (const runtime::Event& event : batch.events) tokens_ += event.token.has_value();
  if (batch.usage) tokens_ = batch.usage->completion_tokens;  // those of agents, too
  if (batch.usage) queued_ = fmt::format(", queued {:.3f} s", batch.usage->queue_seconds);
}

Awaitable<void> ChatAnswer::stream() {
  ChatStreamWriter writer(head_);
  Reply reply;
  reply.headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                   {"Cache-Control", "no-store"},
                   {"X-Accel-Buffering", "no"}};  // proxies of nginx's kind pass events on at once
  co_await exchange_.begin_stream(std::move(reply));
  co_await exchange_.write(writer.begin());
  for (bool done = false; !done;) {
    const EventQueue::Batch batch = co_await queue_->next(services_.options.timeouts.heartbeat);
    if (batch.interrupt == Interrupt::hang_up) co_return;
    count(batch);
    const std::optional<Error> failure = failure_in(batch);
    std::string text;
    for (const runtime::Event& event : batch.events) {
      if (!event.error) text += writer.event(event);
    }
    if (failure) {
      text += "data: " + error_body(*failure) + "\n\n";
    } else if (batch.usage) {
      text += writer.end(*batch.usage);
    } else if (batch.events.empty()) {
      text = ": waiting\n\n";
    }
    if (!text.empty()) co_await exchange_.write(std::move(text));
    done = failure || batch.usage;
  }
  co_await exchange_.end_stream();
}

Awaitable<void> ChatAnswer::collect() {
  ChatReplyCollector collector(head_);
  for (;;) {
    const EventQueue::Batch batch = co_await queue_->next(std::chrono::hours(1));
    if (batch.interrupt == Interrupt::hang_up) co_return;
    count(batch);
    if (const std::optional<Error> failure = failure_in(batch)) {
      co_return co_await exchange_.send(error_reply(*failure));
    }
    for (const runtime::Event& event : batch.events) collector.add(event);
    if (batch.usage)
      co_return co_await exchange_.send(json_reply(200, collector.body(*batch.usage)));
  }
}

}  // namespace

Awaitable<void> chat_completion(Exchange& exchange, Services& services) {
  ChatAnswer answer(exchange, services);
  co_await answer.run();
}

}  // namespace helicon::http
