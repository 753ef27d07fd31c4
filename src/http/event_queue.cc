#include "http/event_queue.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace helicon::http {

namespace asio = boost::asio;

EventQueue::EventQueue(asio::any_io_executor executor, size_t limit,
                       std::function<void()> interrupted)
    : limit_(limit),
      executor_(executor),
      timer_(std::in_place, executor),
      interrupted_(std::move(interrupted)) {}

void EventQueue::push(runtime::Event event) {
  const std::lock_guard lock(mutex_);
  if (closed_ || waiting_.interrupt != Interrupt::none) return;
  if (waiting_.events.size() < limit_) {
    waiting_.events.push_back(std::move(event));
  } else {
    waiting_.interrupt = Interrupt::overflow;
  }
  wake();
}

void EventQueue::finish(const runtime::Usage& usage) {
  const std::lock_guard lock(mutex_);
  // What was dropped is never passed off as a complete answer.
  if (closed_ || waiting_.interrupt != Interrupt::none) return;
  waiting_.usage = usage;
  wake();
}

void EventQueue::interrupt(Interrupt why) {
  const std::lock_guard lock(mutex_);
  if (closed_ || waiting_.interrupt != Interrupt::none) return;
  waiting_.interrupt = why;
  wake();
}

void EventQueue::wake() {
  if (std::exchange(wake_posted_, true)) return;
  asio::post(*executor_, [self = shared_from_this()] { self->on_wake(); });
}

void EventQueue::on_wake() {
  std::function<void()> interrupted;
  {
    const std::lock_guard lock(mutex_);
    wake_posted_ = false;
    if (closed_) return;
    if (waiting_.interrupt != Interrupt::none) interrupted.swap(interrupted_);
  }
  timer_->cancel();
  if (interrupted) interrupted();
}

Awaitable<EventQueue::Batch> EventQueue::next(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      const bool anything =
          !waiting_.events.empty() || waiting_.usage || waiting_.interrupt != Interrupt::none;
      if (anything || std::chrono::steady_clock::now() >= deadline) {
        Batch batch = std::move(waiting_);
        waiting_ = Batch{};
        // An interruption stays: nothing is taken in after it.
        waiting_.interrupt = batch.interrupt;
        co_return batch;
      }
    }
    timer_->expires_at(deadline);
    co_await timer_->async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void EventQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  waiting_ = Batch{};
  interrupted_ = nullptr;
  timer_.reset();
  executor_.reset();
}

}  // namespace helicon::http
