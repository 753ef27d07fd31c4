// Notices that a client is gone while nothing is read from it or written to it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

namespace helicon::http {

// Only looks: what a client sends ahead of time stays in the socket for the next request. A client
// that closes its sending half counts as gone, as it does for most servers: the two cannot be told
// apart. Everything runs on the socket's executor, a strand.
class HangUpWatch {
 public:
  // The socket outlives it.
  explicit HangUpWatch(boost::asio::ip::tcp::socket& socket) : socket_(socket) {}

  // Calls `gone` once, unless stopped before.
  void start(std::function<void()> gone);
  // Nothing else may wait on the socket at that time: it is cancelled.
  void stop();

 private:
  struct State {
    explicit State(boost::asio::ip::tcp::socket& s) : socket(s), pause(s.get_executor()) {}
    boost::asio::ip::tcp::socket& socket;  // not to be touched once stopped
    boost::asio::steady_timer pause;
    std::function<void()> gone;
    bool stopped = false;
  };
  static boost::asio::awaitable<void> watch(std::shared_ptr<State> state);

  boost::asio::ip::tcp::socket& socket_;
  std::shared_ptr<State> state_;  // while it watches
};

}  // namespace helicon::http
