// A time limit for what waits on a socket.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

namespace helicon::http {

// Beast's own tcp_stream closes the socket when time is up; this one only cancels, so that the
// client can still be told. Everything runs on the socket's executor, a strand.
class Deadline {
 public:
  // The socket outlives it.
  explicit Deadline(boost::asio::ip::tcp::socket& socket);

  // While it lives, operations on the socket are cancelled once `time` is over. One at a time.
  class Scope {
   public:
    Scope(Deadline& deadline, std::chrono::milliseconds time);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Deadline& deadline_;
  };

  // Whether the time of the latest scope was over before it ended.
  bool passed() const { return state_->passed; }

 private:
  struct State {
    explicit State(boost::asio::ip::tcp::socket& s) : socket(s), timer(s.get_executor()) {}
    boost::asio::ip::tcp::socket& socket;
    boost::asio::steady_timer timer;
    int scopes = 0;  // begun and ended so far: a timer that fires late finds another number
    bool passed = false;
  };
  std::shared_ptr<State> state_;  // shared with a timer that may still fire
};

}  // namespace helicon::http
