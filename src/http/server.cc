#include "http/server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>
#include <exception>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "http/connection.h"
#include "http/error.h"
#include "http/exchange.h"
#include "http/services.h"

namespace helicon::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;

constexpr auto awaitable_tuple = asio::as_tuple(asio::use_awaitable);
constexpr int worker_threads = 2;
constexpr int fetcher_threads = 16;  // they wait for others, and do nothing else
// For the last words of answers that were ended early.
constexpr milliseconds farewell_time{1000};

// For one connection too many, which is not read from.
std::string busy_response() {
  const std::string body = error_body(
      {ErrorCode::overloaded, "the server has no connections left; try again later", {}});
  return fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
      "Connection: close\r\nContent-Length: {}\r\n\r\n{}",
      body.size(), body);
}

}  // namespace

// The acceptor and the list of connections belong to one strand, `control`.
struct Server::Impl {
  Impl(ServerOptions server_options, std::unique_ptr<backends::ModelPool> model_pool)
      : options(std::move(server_options)),
        io(std::max(options.threads, 1)),
        control(asio::make_strand(io)),
        acceptor(control),
        signals(control),
        workers(worker_threads),
        media_workers(worker_threads),
        fetchers(fetcher_threads),
        models(std::move(model_pool)),
        modes(options.programs),
        services{options, *models, modes, workers, media_workers, fetchers, std::time(nullptr)} {}

  Status listen();
  Awaitable<void> accept();
  void serve(tcp::socket socket);
  Awaitable<void> wait_for_signals();
  void begin_stop();
  Awaitable<void> finish_stop();
  Awaitable<bool> wait_for_connections(milliseconds time);
  void tell_connections(void (Connection::*what)());

  const ServerOptions options;
  asio::io_context io;
  asio::strand<asio::io_context::executor_type> control;
  tcp::acceptor acceptor;
  asio::signal_set signals;
  std::map<int64_t, std::shared_ptr<Connection>> connections;
  int64_t accepted = 0;
  bool finished = false;  // stopped, and all connections gone
  // Destroyed in this order: modes and models, whose threads may still post to `io`, then workers,
  // then io.
  asio::thread_pool workers, media_workers, fetchers;
  std::unique_ptr<backends::ModelPool> models;
  agents::ModeRunner modes;
  Services services;
};

Status Server::Impl::listen() {
  boost::system::error_code error;
  const std::string& name = options.address;
  const asio::ip::address address =
      asio::ip::make_address(name == "localhost" ? "127.0.0.1" : name, error);
  if (error) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("cannot listen on \"{}\": it is not an IP address", name),
                 {}};
  }
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return ok_status();
  const std::string why =
      error == asio::error::address_in_use ? "the port is already in use" : error.message();
  return Error{
      ErrorCode::io,
      fmt::format("cannot listen on {} port {}: {}", address.to_string(), options.port, why),
      {}};
}

Awaitable<void> Server::Impl::accept() {
  asio::steady_timer pause(control);
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(asio::make_strand(io), awaitable_tuple);
    if (!error) {
      serve(std::move(socket));
    } else if (acceptor.is_open()) {
      // Out of file descriptors, most likely: some will come back.
      spdlog::warn("cannot accept a connection: {}", error.message());
      pause.expires_after(milliseconds(100));
      co_await pause.async_wait(awaitable_tuple);
    }
  }
}

void Server::Impl::serve(tcp::socket socket) {
  boost::system::error_code ignored;
  if (connections.size() >= options.limits.connections) {
    const std::string response = busy_response();
    ::send(socket.native_handle(), response.data(), response.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    return;
  }
  const int64_t number = accepted++;
  connections[number] = serve_connection(std::move(socket), services, [this, number] {
    asio::post(control, [this, number] { connections.erase(number); });
  });
}

void Server::Impl::tell_connections(void (Connection::*what)()) {
  for (const auto& [number, connection] : connections) {
    asio::post(connection->executor(), [target = connection, what] { ((*target).*what)(); });
  }
}

void Server::Impl::begin_stop() {
  if (services.stopping.exchange(true)) return;
  spdlog::info("stopping");
  boost::system::error_code ignored;
  acceptor.close(ignored);
  tell_connections(&Connection::stop);
  asio::co_spawn(control, finish_stop(), asio::detached);
}

Awaitable<void> Server::Impl::finish_stop() {
  bool all_gone = co_await wait_for_connections(options.timeouts.stop);
  if (!all_gone) {
    models->close();
    tell_connections(&Connection::interrupt);
    all_gone = co_await wait_for_connections(farewell_time);
  }
  // A reader that takes nothing is not waited for.
  if (!all_gone) tell_connections(&Connection::close);
  while (!all_gone) all_gone = co_await wait_for_connections(farewell_time);
  finished = true;
  signals.cancel();
}

Awaitable<bool> Server::Impl::wait_for_connections(milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  asio::steady_timer pause(control);
  while (!connections.empty() && std::chrono::steady_clock::now() < deadline) {
    pause.expires_after(milliseconds(10));
    co_await pause.async_wait(awaitable_tuple);
  }
  co_return connections.empty();
}

Awaitable<void> Server::Impl::wait_for_signals() {
  for (bool again = false; !finished; again = true) {
    const auto [error, number] = co_await signals.async_wait(awaitable_tuple);
    if (error) co_return;
    if (again) ::_exit(128 + number);
    begin_stop();
  }
}

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options,
                                               std::unique_ptr<backends::ModelPool> models) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(models));
  HELICON_TRY(impl->listen());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

uint16_t Server::port() const {
  boost::system::error_code error;
  return impl_->acceptor.local_endpoint(error).port();
}

std::string Server::url() const {
  const std::string& address = impl_->options.address;
  const bool is_v6 = address.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", is_v6 ? "[" : "", address, is_v6 ? "]" : "", port());
}

void Server::run() {
  asio::co_spawn(impl_->control, impl_->accept(), asio::detached);
  const auto serve = [this] {
    for (;;) {
      try {
        impl_->io.run();
        return;
      } catch (const std::exception& exception) {
        spdlog::error("an exception came through to the server: {}", exception.what());
      }
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 1; i < impl_->options.threads; ++i) threads.emplace_back(serve);
  serve();
  threads.clear();
  impl_->workers.join();
  impl_->media_workers.join();
  impl_->fetchers.join();
}

void Server::stop() {
  asio::post(impl_->control, [this] { impl_->begin_stop(); });
}

void Server::stop_on_signals() {
  boost::system::error_code error;
  impl_->signals.add(SIGINT, error);
  impl_->signals.add(SIGTERM, error);
  asio::co_spawn(impl_->control, impl_->wait_for_signals(), asio::detached);
}

}  // namespace helicon::http
