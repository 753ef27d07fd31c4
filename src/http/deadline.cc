#include "http/deadline.h"

namespace helicon::http {

Deadline::Deadline(boost::asio::ip::tcp::socket& socket)
    : state_(std::make_shared<State>(socket)) {}

Deadline::Scope::Scope(Deadline& deadline, std::chrono::milliseconds time) : deadline_(deadline) {
  State& state = *deadline.state_;
  state.passed = false;
  state.timer.expires_after(time);
  state.timer.async_wait(
      [shared = deadline.state_, number = ++state.scopes](boost::system::error_code cancelled) {
        if (cancelled || number != shared->scopes) return;
        shared->passed = true;
        boost::system::error_code ignored;
        shared->socket.cancel(ignored);
      });
}

Deadline::Scope::~Scope() {
  ++deadline_.state_->scopes;
  deadline_.state_->timer.cancel();
}

}  // namespace helicon::http
