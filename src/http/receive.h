// Awaiting a value that another thread delivers.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "http/exchange.h"

namespace helicon::http {

// Calls begin(deliver) and waits until deliver(value) was called, once, from whatever thread.
// The caller runs on `executor`, a strand.
template <typename T, typename Begin>
Awaitable<T> receive(boost::asio::any_io_executor executor, Begin begin) {
  namespace asio = boost::asio;
  struct Slot {
    explicit Slot(const asio::any_io_executor& e)
        : timer(e, asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    std::optional<T> value;
  };
  const auto slot = std::make_shared<Slot>(executor);
  // The deliverer keeps nothing of the executor once it has delivered.
  begin([weak = std::make_shared<std::shared_ptr<Slot>>(slot)](T value) {
    std::shared_ptr<Slot> held = std::exchange(*weak, nullptr);
    const asio::any_io_executor target = held->timer.get_executor();
    asio::post(target, [held = std::move(held), value = std::move(value)]() mutable {
      held->value = std::move(value);
      held->timer.cancel();
    });
  });
  while (!slot->value) co_await slot->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return *std::move(slot->value);
}

// Runs `work` on another executor and waits for what it returns. The caller is an awaiting
// coroutine, so `work` may refer to its locals.
template <typename Work, typename Workers>
auto run_on(Workers& workers, boost::asio::any_io_executor executor, Work work)
    -> Awaitable<decltype(work())> {
  using T = decltype(work());
  return receive<T>(executor, [&workers, work = std::move(work)](auto deliver) mutable {
    boost::asio::post(workers, [work = std::move(work), deliver = std::move(deliver)]() mutable {
      deliver(work());
    });
  });
}

}  // namespace helicon::http
