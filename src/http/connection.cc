#include "http/connection.h"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "http/deadline.h"
#include "http/error.h"
#include "http/hang_up_watch.h"
#include "http/request_head.h"
#include "http/response_head.h"
#include "http/routes.h"
#include "http/utf8.h"

namespace helicon::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// An error code in place of an exception.
constexpr auto awaitable_tuple = asio::as_tuple(asio::use_awaitable);

// In the log only, as nginx has it: the client closed the connection before the answer was done.
constexpr int client_closed_request = 499;

// Bytes a millisecond that a reader may take, and still gets a long answer whole.
constexpr size_t slow_reader = 8;

// After our last byte, what the client still sends is read and dropped for so long: closing at once
// would reset the connection, and with it an answer that the client has not read yet.
constexpr std::chrono::seconds linger_time{2};

// Without the "::ffff:" by which a socket for both families calls its IPv4 clients.
std::string text_of(const asio::ip::address& address) {
  const std::string text = address.to_string();
  const bool is_mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  return is_mapped ? text.substr(text.rfind(':') + 1) : text;
}

class HttpConnection final : public Connection,
                             public Exchange,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(tcp::socket socket, Services& services)
      : services_(services),
        limits_(services.options.limits),
        timeouts_(services.options.timeouts),
        socket_(std::move(socket)),
        deadline_(socket_),
        watch_(socket_),
        buffer_(limits_.header_bytes + (16u << 10)) {
    boost::system::error_code error;
    socket_.set_option(tcp::no_delay(true), error);
    peer_ = text_of(socket_.remote_endpoint(error).address());
    local_address_ = text_of(socket_.local_endpoint(error).address());
  }

  ~HttpConnection() override { hold_body(0); }

  Awaitable<void> run();

  void stop() override {
    stopping_ = true;
    if (phase_ != Phase::busy) close();
  }
  void interrupt() override { tell(Interrupt::stopping); }
  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  const Request& request() const override { return current_.request; }
  asio::any_io_executor executor() override { return socket_.get_executor(); }
  void drop_body() override {
    current_.request.body = std::string();
    hold_body(0);
  }
  Awaitable<void> send(Reply reply) override;
  Awaitable<void> begin_stream(Reply head) override;
  Awaitable<void> write(std::string text) override;
  Awaitable<void> end_stream() override;
  void watch(std::function<void(Interrupt)> interrupted) override;
  void annotate(std::string note) override { current_.note = std::move(note); }

 private:
  enum class Phase {
    idle,       // waiting for a request to begin
    busy,       // from its first byte to the answer's last
    lingering,  // nothing more will be answered
  };

  Awaitable<bool> wait_for_request();
  Awaitable<bool> serve_one();
  Awaitable<bool> read_and_answer();
  Awaitable<boost::system::error_code> read_head(RequestParser& parser);
  Awaitable<boost::system::error_code> read_body(RequestParser& parser);
  bool hold_body(uint64_t bytes);
  Awaitable<void> refuse(boost::system::error_code failure);
  Awaitable<void> answer(Handler handler);
  Awaitable<void> linger();
  void tell(Interrupt why);
  void note_write(boost::system::error_code error);
  void log(Clock::time_point begin) const;

  Services& services_;
  const ServerLimits& limits_;
  const ServerTimeouts& timeouts_;
  tcp::socket socket_;
  Deadline deadline_;
  HangUpWatch watch_;
  beast::flat_buffer buffer_;
  std::string peer_;
  std::string local_address_;
  Phase phase_ = Phase::idle;
  bool stopping_ = false;

  struct Current {
    Request request;
    std::vector<Header> cors;
    std::string note;
    unsigned version = 11;
    bool keep_alive = false;
    bool chunked = false;
    int status = 0;  // once an answer has begun
  };
  Current current_;  // the request under way
  uint64_t body_held_ = 0;
  bool broken_ = false;  // nothing can be written any more
  Interrupt interrupt_ = Interrupt::none;
  std::function<void(Interrupt)> interrupted_;
};

Awaitable<void> HttpConnection::run() {
  // Not `while (co_await ...) {}`: GCC 12 loses the frame where the body is empty.
  for (bool more = true; more;) more = co_await serve_one();
  phase_ = Phase::lingering;
  if (!broken_ && !stopping_) co_await linger();
  close();
}

// False: none came, or none will be answered.
Awaitable<bool> HttpConnection::wait_for_request() {
  phase_ = Phase::idle;
  if (buffer_.size() == 0) {
    const Deadline::Scope limit(deadline_, timeouts_.idle);
    const auto space = buffer_.prepare(4096);
    const auto [error, bytes] = co_await socket_.async_read_some(space, awaitable_tuple);
    buffer_.commit(bytes);
    if (error) {
      broken_ = true;  // nobody is there, or nobody has asked anything
      co_return false;
    }
  }
  phase_ = Phase::busy;
  co_return !stopping_;
}

// True: the connection is good for another request.
Awaitable<bool> HttpConnection::serve_one() {
  current_ = {};
  current_.request.peer = peer_;
  current_.request.local_address = local_address_;
  if (!co_await wait_for_request()) co_return false;
  const Clock::time_point begin = Clock::now();
  const bool complete = co_await read_and_answer();
  drop_body();
  log(begin);
  co_return (complete && current_.keep_alive && !broken_ && !stopping_);
}

Awaitable<boost::system::error_code> HttpConnection::read_head(RequestParser& parser) {
  const Deadline::Scope limit(deadline_, timeouts_.header);
  const auto [error, bytes] =
      co_await beast::http::async_read_header(socket_, buffer_, parser, awaitable_tuple);
  co_return deadline_.passed() ? asio::error::timed_out : error;
}

Awaitable<boost::system::error_code> HttpConnection::read_body(RequestParser& parser) {
  const Deadline::Scope limit(deadline_, timeouts_.body);
  while (!parser.is_done()) {
    const auto [error, bytes] =
        co_await beast::http::async_read_some(socket_, buffer_, parser, awaitable_tuple);
    if (deadline_.passed()) co_return asio::error::timed_out;
    if (error) co_return error;
    if (!hold_body(parser.get().body().size())) co_return asio::error::no_buffer_space;
  }
  co_return boost::system::error_code{};
}

// Counts what this request holds towards what all of them may; false when that would be too much.
bool HttpConnection::hold_body(uint64_t bytes) {
  const uint64_t more = bytes - body_held_;  // wraps where it is less, as the sum does
  if ((services_.body_bytes += more) > limits_.all_body_bytes && bytes > 0) {
    services_.body_bytes -= more;
    return false;
  }
  body_held_ = bytes;
  return true;
}

// Answers what could not be read, where anyone is there to be answered.
Awaitable<void> HttpConnection::refuse(boost::system::error_code failure) {
  current_.keep_alive = false;
  hold_body(0);
  std::optional<Reply> reply = unreadable(failure, limits_.body_bytes, limits_.header_bytes);
  broken_ = !reply;
  if (reply) co_await send(*std::move(reply));
}

// True: the request was read to its end, so that the next one can begin.
Awaitable<bool> HttpConnection::read_and_answer() {
  RequestParser parser;
  parser.header_limit(limits_.header_bytes);
  parser.body_limit(limits_.body_bytes);
  if (const auto failure = co_await read_head(parser); failure) {
    take_head(parser, current_.request);  // what there is of it, for the log
    co_await refuse(failure);
    co_return false;
  }
  Admission admission;
  if (std::optional<Reply> refusal = take_head(parser, current_.request)) {
    admission.refusal = *std::move(refusal);
  } else {
    current_.version = parser.get().version();
    admission = admit(current_.request, services_);
    current_.cors = admission.cors;
    current_.keep_alive = parser.keep_alive();
  }
  if (admission.handler == nullptr) {
    // The body of a refused request is not read, so that request must be the last.
    current_.keep_alive = current_.keep_alive && parser.is_done();
    co_await send(std::move(admission.refusal));
    co_return true;
  }
  if (!parser.is_done()) {
    const bool is_awaited = !current_.request.header("expect").empty() && current_.version == 11;
    if (is_awaited) co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    if (const auto failure = co_await read_body(parser); failure) {
      co_await refuse(failure);
      co_return false;
    }
  }
  current_.request.body = std::move(parser.get().body());
  co_await answer(admission.handler);
  co_return true;
}

// The one place where exceptions of a request end.
Awaitable<void> HttpConnection::answer(Handler handler) {
  bool failed = false;
  try {
    co_await handler(*this, services_);
  } catch (const std::exception& exception) {
    failed = true;
    spdlog::error("{} {}: {}", current_.request.method, quotable(current_.request.path),
                  quotable(exception.what(), 400));
  }
  if (failed || current_.status == 0) {
    if (current_.status == 0 && !broken_) {
      co_await send(error_reply({ErrorCode::internal, "the server failed; its log says more", {}}));
    } else {
      broken_ = true;  // half an answer cannot be taken back: the connection ends without its end
    }
  }
  interrupted_ = nullptr;
  watch_.stop();
}

Awaitable<void> HttpConnection::send(Reply reply) {
  if (broken_) co_return;
  const bool has_length = reply.status != 204 && reply.status != 304;
  const bool has_body = has_length && current_.request.method != "HEAD";
  const std::string_view body = reply.lasting_body.empty() ? reply.body : reply.lasting_body;
  current_.keep_alive = current_.keep_alive && !stopping_;
  current_.status = reply.status;
  beast::http::response<beast::http::span_body<const char>> response;
  fill_head(response, reply, current_.cors, current_.version, current_.keep_alive);
  if (has_length) response.content_length(body.size());
  if (has_body) response.body() = {body.data(), body.size()};
  const Deadline::Scope limit(deadline_, timeouts_.write + milliseconds(body.size() / slow_reader));
  const auto [error, bytes] = co_await beast::http::async_write(socket_, response, awaitable_tuple);
  note_write(error);
}

Awaitable<void> HttpConnection::begin_stream(Reply head) {
  if (broken_) co_return;
  current_.chunked = current_.version == 11;
  current_.keep_alive = current_.keep_alive && current_.chunked && !stopping_;
  current_.status = head.status;
  beast::http::response<beast::http::empty_body> response;
  fill_head(response, head, current_.cors, current_.version, current_.keep_alive);
  response.chunked(current_.chunked);
  beast::http::response_serializer<beast::http::empty_body> serializer(response);
  const Deadline::Scope limit(deadline_, timeouts_.write);
  const auto [error, bytes] =
      co_await beast::http::async_write_header(socket_, serializer, awaitable_tuple);
  note_write(error);
}

Awaitable<void> HttpConnection::write(std::string text) {
  if (broken_) co_return;
  const Deadline::Scope limit(deadline_, timeouts_.write);
  const asio::const_buffer buffer = asio::buffer(text);
  if (current_.chunked) {
    const auto chunk = beast::http::make_chunk(buffer);
    const auto [error, bytes] = co_await asio::async_write(socket_, chunk, awaitable_tuple);
    note_write(error);
  } else {
    const auto [error, bytes] = co_await asio::async_write(socket_, buffer, awaitable_tuple);
    note_write(error);
  }
}

Awaitable<void> HttpConnection::end_stream() {
  if (broken_ || !current_.chunked) co_return;
  const auto last = beast::http::make_chunk_last();
  const Deadline::Scope limit(deadline_, timeouts_.write);
  const auto [error, bytes] = co_await asio::async_write(socket_, last, awaitable_tuple);
  note_write(error);
}

void HttpConnection::note_write(boost::system::error_code error) {
  if (!error) return;
  broken_ = true;
  tell(Interrupt::hang_up);
}

void HttpConnection::watch(std::function<void(Interrupt)> interrupted) {
  interrupted_ = std::move(interrupted);
  if (interrupt_ != Interrupt::none) return interrupted_(interrupt_);
  watch_.start([this] {
    broken_ = true;
    tell(Interrupt::hang_up);
  });
}

void HttpConnection::tell(Interrupt why) {
  if (interrupt_ == Interrupt::none) interrupt_ = why;
  // It may end the answer, and with it this very function object.
  if (const auto interrupted = interrupted_) interrupted(why);
}

Awaitable<void> HttpConnection::linger() {
  boost::system::error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  const Deadline::Scope limit(deadline_, linger_time);
  char dropped[4096];
  while (!error) {
    const auto [failure, bytes] =
        co_await socket_.async_read_some(asio::buffer(dropped), awaitable_tuple);
    error = failure;
  }
}

// Paths, figures and results; never what was said.
void HttpConnection::log(Clock::time_point begin) const {
  if (current_.request.method.empty()) return;
  const std::chrono::duration<double> seconds = Clock::now() - begin;
  const int status = broken_ ? client_closed_request : current_.status;
  spdlog::info("{} {} {} {} {:.3f} s{}{}", peer_, quotable(current_.request.method),
               quotable(current_.request.path), status, seconds.count(),
               current_.note.empty() ? "" : ", ", current_.note);
}

}  // namespace

std::shared_ptr<Connection> serve_connection(tcp::socket socket, Services& services,
                                             std::function<void()> ended) {
  auto connection = std::make_shared<HttpConnection>(std::move(socket), services);
  asio::co_spawn(
      connection->executor(), [connection] { return connection->run(); },
      [connection, ended = std::move(ended)](std::exception_ptr failure) {
        try {
          if (failure) std::rethrow_exception(failure);
        } catch (const std::exception& exception) {
          spdlog::error("a connection failed: {}", exception.what());
        }
        ended();
      });
  return connection;
}

}  // namespace helicon::http
