// The way of an answer's events from the engine's thread to a connection's strand.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "http/exchange.h"
#include "runtime/request.h"

namespace helicon::http {

// Bounded: when `limit` events wait, the next one is dropped and the answer interrupted with
// Interrupt::overflow, for the engine cannot wait for a slow client and nothing may be lost unsaid.
class EventQueue : public std::enable_shared_from_this<EventQueue> {
 public:
  struct Batch {
    std::vector<runtime::Event> events;   // in order
    std::optional<runtime::Usage> usage;  // set with the last batch of a complete answer
    Interrupt interrupt = Interrupt::none;
  };

  // `interrupted` is called once, on the executor, as soon as the answer is to end early.
  EventQueue(boost::asio::any_io_executor executor, size_t limit,
             std::function<void()> interrupted);

  // From any thread; none of them waits.
  void push(runtime::Event event);
  void finish(const runtime::Usage& usage);
  void interrupt(Interrupt why);

  // On the executor only. All that has come since the last call; when there is nothing, waits, and
  // gives an empty batch when nothing came within `patience`.
  Awaitable<Batch> next(std::chrono::milliseconds patience);
  // Events that still come are dropped, and nothing of the executor is used any more.
  void close();

 private:
  void wake();     // with the lock held
  void on_wake();  // on the executor

  const size_t limit_;
  std::mutex mutex_;
  Batch waiting_;  // guarded by mutex_, as are the next three
  bool wake_posted_ = false;
  bool closed_ = false;
  std::optional<boost::asio::any_io_executor> executor_;
  std::optional<boost::asio::steady_timer> timer_;  // on the executor only, as is the next
  std::function<void()> interrupted_;
};

}  // namespace helicon::http
