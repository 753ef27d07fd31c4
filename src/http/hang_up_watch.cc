#include "http/hang_up_watch.h"

#include <poll.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace helicon::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto awaitable_tuple = asio::as_tuple(asio::use_awaitable);

// How often the end is looked for behind bytes that already wait to be read: those make every wait
// for something to read return at once.
constexpr std::chrono::milliseconds look_interval{50};

bool has_hung_up(tcp::socket& socket) {
  pollfd look{socket.native_handle(), POLLRDHUP, 0};
  return ::poll(&look, 1, 0) > 0;
}

}  // namespace

void HangUpWatch::start(std::function<void()> gone) {
  state_ = std::make_shared<State>(socket_);
  state_->gone = std::move(gone);
  asio::co_spawn(socket_.get_executor(), watch(state_), asio::detached);
}

void HangUpWatch::stop() {
  if (!state_) return;
  state_->stopped = true;
  state_->gone = nullptr;
  state_->pause.cancel();
  state_.reset();
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

asio::awaitable<void> HangUpWatch::watch(std::shared_ptr<State> state) {
  while (!state->stopped) {
    const auto [error] = co_await state->socket.async_wait(tcp::socket::wait_read, awaitable_tuple);
    if (state->stopped || error) co_return;
    if (has_hung_up(state->socket)) {
      // It may stop this watch, and with that drop the function while it runs.
      const std::function<void()> gone = state->gone;
      co_return gone();
    }
    state->pause.expires_after(look_interval);
    co_await state->pause.async_wait(awaitable_tuple);
  }
}

}  // namespace helicon::http
