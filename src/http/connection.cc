#include "http/connection.h"

#include <fmt/chrono.h>
#include <poll.h>
#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "http/error.h"
#include "http/request_head.h"
#include "http/routes.h"
#include "http/utf8.h"

namespace helicon::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

// An error code in place of an exception.
constexpr auto awaitable_tuple = asio::as_tuple(asio::use_awaitable);

// In the log only, as nginx has it: the client closed the connection before the answer was done.
constexpr int client_closed_request = 499;

// How often a hang-up is looked for behind bytes that already wait to be read.
constexpr std::chrono::milliseconds watch_interval{50};

// After our last byte, what the client still sends is read and dropped for so long: closing at once
// would reset the connection, and with it an answer that the client has not read yet.
constexpr std::chrono::seconds linger_time{2};

std::string text_of(asio::ip::address address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.to_string();
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
        deadline_(socket_.get_executor()),
        buffer_(limits_.header_bytes + (16u << 10)),
        watch_timer_(socket_.get_executor()) {
    boost::system::error_code error;
    socket_.set_option(tcp::no_delay(true), error);
    peer_ = text_of(socket_.remote_endpoint(error).address());
    local_address_ = text_of(socket_.local_endpoint(error).address());
  }

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

  const Request& request() const override { return request_; }
  asio::any_io_executor executor() override { return socket_.get_executor(); }
  Awaitable<void> send(Reply reply) override;
  Awaitable<void> begin_stream(Reply head) override;
  Awaitable<void> write(std::string text) override;
  Awaitable<void> end_stream() override;
  void watch(std::function<void(Interrupt)> interrupted) override;
  void annotate(std::string note) override { note_ = std::move(note); }

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
  Awaitable<void> refuse(boost::system::error_code failure);
  Awaitable<void> answer(Handler handler);
  Awaitable<void> linger();
  Awaitable<void> watch_socket(std::shared_ptr<bool> active);
  void stop_watching();
  void tell(Interrupt why);
  void note_write(boost::system::error_code error);
  template <typename Message>
  void fill_head(Message& message, const Reply& reply) const;
  void log(Clock::time_point begin) const;

  // Cancels what waits on the socket if it takes longer than this object may live.
  class Deadline {
   public:
    Deadline(HttpConnection& connection, std::chrono::milliseconds time);
    ~Deadline();
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

   private:
    HttpConnection& connection_;
  };

  Services& services_;
  const ServerLimits& limits_;
  const ServerTimeouts& timeouts_;
  tcp::socket socket_;
  asio::steady_timer deadline_;
  int deadlines_ = 0;  // set so far: a timer that fires late finds a larger number
  bool timed_out_ = false;
  beast::flat_buffer buffer_;
  std::string peer_;
  std::string local_address_;
  Phase phase_ = Phase::idle;
  bool stopping_ = false;

  // Of the request under way.
  Request request_;
  std::vector<Header> cors_;
  std::string note_;
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool chunked_ = false;
  int status_ = 0;       // once an answer has begun
  bool broken_ = false;  // nothing can be written any more
  Interrupt interrupt_ = Interrupt::none;
  std::function<void(Interrupt)> interrupted_;
  std::shared_ptr<bool> watching_;
  asio::steady_timer watch_timer_;
};

HttpConnection::Deadline::Deadline(HttpConnection& connection, std::chrono::milliseconds time)
    : connection_(connection) {
  connection.timed_out_ = false;
  connection.deadline_.expires_after(time);
  connection.deadline_.async_wait(
      [self = connection.shared_from_this(),
       number = ++connection.deadlines_](boost::system::error_code error) {
        if (error || number != self->deadlines_) return;
        self->timed_out_ = true;
        boost::system::error_code ignored;
        self->socket_.cancel(ignored);
      });
}

HttpConnection::Deadline::~Deadline() {
  ++connection_.deadlines_;
  connection_.deadline_.cancel();
}

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
    const Deadline deadline(*this, timeouts_.idle);
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
  request_ = Request{};
  request_.peer = peer_;
  request_.local_address = local_address_;
  cors_.clear();
  note_.clear();
  version_ = 11;
  keep_alive_ = false;
  chunked_ = false;
  status_ = 0;
  if (!co_await wait_for_request()) co_return false;
  const Clock::time_point begin = Clock::now();
  const bool complete = co_await read_and_answer();
  log(begin);
  co_return complete&& keep_alive_ && !broken_ && !stopping_;
}

Awaitable<boost::system::error_code> HttpConnection::read_head(RequestParser& parser) {
  const Deadline deadline(*this, timeouts_.header);
  const auto [error, bytes] =
      co_await beast::http::async_read_header(socket_, buffer_, parser, awaitable_tuple);
  co_return timed_out_ ? asio::error::timed_out : error;
}

Awaitable<boost::system::error_code> HttpConnection::read_body(RequestParser& parser) {
  const Deadline deadline(*this, timeouts_.body);
  const auto [error, bytes] =
      co_await beast::http::async_read(socket_, buffer_, parser, awaitable_tuple);
  co_return timed_out_ ? asio::error::timed_out : error;
}

// Answers what could not be read, where anyone is there to be answered.
Awaitable<void> HttpConnection::refuse(boost::system::error_code failure) {
  keep_alive_ = false;
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
    take_head(parser, request_);  // what there is of it, for the log
    co_await refuse(failure);
    co_return false;
  }
  Admission admission;
  if (std::optional<Reply> refusal = take_head(parser, request_)) {
    admission.refusal = *std::move(refusal);
  } else {
    version_ = parser.get().version();
    admission = admit(request_, services_);
    cors_ = admission.cors;
    keep_alive_ = parser.keep_alive();
  }
  if (admission.handler == nullptr) {
    // The body of a refused request is not read, so that request must be the last.
    keep_alive_ = keep_alive_ && parser.is_done();
    co_await send(std::move(admission.refusal));
    co_return true;
  }
  if (const auto expect = request_.header("expect"); !expect.empty() && version_ == 11) {
    if (!beast::iequals(beast::string_view(expect.data(), expect.size()), "100-continue")) {
      keep_alive_ = false;
      co_await send(json_reply(417, error_body({417, "invalid_request_error", "expectation_failed"},
                                               "Expect: only \"100-continue\" is supported")));
      co_return false;
    }
    if (!parser.is_done()) co_await write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (!parser.is_done()) {
    if (const auto failure = co_await read_body(parser); failure) {
      co_await refuse(failure);
      co_return false;
    }
  }
  request_.body = std::move(parser.get().body());
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
    spdlog::error("{} {}: {}", request_.method, quotable(request_.path),
                  quotable(exception.what(), 400));
  }
  if (failed || status_ == 0) {
    if (status_ == 0 && !broken_) {
      co_await send(error_reply({ErrorCode::internal, "the server failed; its log says more", {}}));
    } else {
      broken_ = true;  // half an answer cannot be taken back: the connection ends without its end
    }
  }
  stop_watching();
}

template <typename Message>
void HttpConnection::fill_head(Message& message, const Reply& reply) const {
  message.version(version_);
  message.result(static_cast<unsigned>(reply.status));
  message.set("Date", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                                  fmt::gmtime(std::chrono::system_clock::now())));
  message.set("X-Content-Type-Options", "nosniff");
  message.set("Referrer-Policy", "no-referrer");
  message.set("Cross-Origin-Resource-Policy", "same-origin");
  for (const Header& header : reply.headers) message.insert(header.name, header.value);
  for (const Header& header : cors_) message.insert(header.name, header.value);
  message.keep_alive(keep_alive_);
}

Awaitable<void> HttpConnection::send(Reply reply) {
  if (broken_) co_return;
  const bool has_length = reply.status != 204 && reply.status != 304;
  const bool has_body = has_length && request_.method != "HEAD";
  const std::string_view body = reply.lasting_body.empty() ? reply.body : reply.lasting_body;
  keep_alive_ = keep_alive_ && !stopping_;
  status_ = reply.status;
  beast::http::response<beast::http::span_body<const char>> response;
  fill_head(response, reply);
  if (has_length) response.content_length(body.size());
  if (has_body) response.body() = {body.data(), body.size()};
  const Deadline deadline(*this, timeouts_.write);
  const auto [error, bytes] = co_await beast::http::async_write(socket_, response, awaitable_tuple);
  note_write(error);
}

Awaitable<void> HttpConnection::begin_stream(Reply head) {
  if (broken_) co_return;
  chunked_ = version_ == 11;
  keep_alive_ = keep_alive_ && chunked_ && !stopping_;
  status_ = head.status;
  beast::http::response<beast::http::empty_body> response;
  fill_head(response, head);
  response.chunked(chunked_);
  beast::http::response_serializer<beast::http::empty_body> serializer(response);
  const Deadline deadline(*this, timeouts_.write);
  const auto [error, bytes] =
      co_await beast::http::async_write_header(socket_, serializer, awaitable_tuple);
  note_write(error);
}

Awaitable<void> HttpConnection::write(std::string text) {
  if (broken_) co_return;
  const Deadline deadline(*this, timeouts_.write);
  const auto buffer = asio::buffer(text);
  boost::system::error_code failure;
  if (chunked_) {
    const beast::http::chunk_body chunk(asio::const_buffer{buffer});
    const auto [error, bytes] = co_await asio::async_write(socket_, chunk, awaitable_tuple);
    failure = error;
  } else {
    const auto [error, bytes] = co_await asio::async_write(socket_, buffer, awaitable_tuple);
    failure = error;
  }
  note_write(failure);
}

Awaitable<void> HttpConnection::end_stream() {
  if (broken_ || !chunked_) co_return;
  const auto last = beast::http::make_chunk_last();
  const Deadline deadline(*this, timeouts_.write);
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
  watching_ = std::make_shared<bool>(true);
  asio::co_spawn(
      socket_.get_executor(),
      [self = shared_from_this(), active = watching_] { return self->watch_socket(active); },
      asio::detached);
}

void HttpConnection::stop_watching() {
  interrupted_ = nullptr;
  if (!watching_) return;
  *watching_ = false;
  watching_.reset();
  boost::system::error_code ignored;
  socket_.cancel(ignored);  // the watch is all that waits on it between two requests
  watch_timer_.cancel();
}

// Only looks: what a client sends ahead of time stays in the socket for the next request.
Awaitable<void> HttpConnection::watch_socket(std::shared_ptr<bool> active) {
  while (*active) {
    const auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, awaitable_tuple);
    if (!*active || error) co_return;
    // Something came: bytes, or the end. Only poll() sees the end behind bytes that wait.
    pollfd look{socket_.native_handle(), POLLRDHUP, 0};
    if (::poll(&look, 1, 0) > 0) {
      broken_ = true;
      tell(Interrupt::hang_up);
      co_return;
    }
    watch_timer_.expires_after(watch_interval);
    co_await watch_timer_.async_wait(awaitable_tuple);
  }
}

void HttpConnection::tell(Interrupt why) {
  if (interrupt_ == Interrupt::none) interrupt_ = why;
  // It may end the answer, and with it this very function object.
  if (const auto interrupted = interrupted_) interrupted(why);
}

Awaitable<void> HttpConnection::linger() {
  boost::system::error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  const Deadline deadline(*this, linger_time);
  char dropped[4096];
  while (!error) {
    const auto [failure, bytes] =
        co_await socket_.async_read_some(asio::buffer(dropped), awaitable_tuple);
    error = failure;
  }
}

// Paths, figures and results; never what was said.
void HttpConnection::log(Clock::time_point begin) const {
  if (request_.method.empty()) return;
  const std::chrono::duration<double> seconds = Clock::now() - begin;
  const int status = broken_ ? client_closed_request : status_;
  spdlog::info("{} {} {} {} {:.3f} s{}{}", peer_, quotable(request_.method),
               quotable(request_.path), status, seconds.count(), note_.empty() ? "" : ", ", note_);
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
