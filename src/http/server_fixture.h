// For tests: a server over fake models in this process, and a client that sends what bytes it
// likes.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "backends/fake_model.h"
#include "http/server.h"

namespace helicon::http {

using std::chrono::milliseconds;

inline bool soon(const std::function<bool()>& condition,
                 milliseconds limit = milliseconds(10'000)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

struct Response {
  int status = 0;
  std::string head;  // status line and headers, as sent
  std::string body;  // chunks joined
  bool complete = false;

  std::string header(std::string_view name) const {
    for (size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
      const std::string_view line = std::string_view(head).substr(at + 2);
      if (line.size() <= name.size() || line[name.size()] != ':') continue;
      if (!std::equal(name.begin(), name.end(), line.begin(),
                      [](char a, char b) { return std::tolower(a) == std::tolower(b); })) {
        continue;
      }
      const std::string_view value =
          line.substr(name.size() + 1, line.find("\r\n") - name.size() - 1);
      return std::string(value.substr(std::min(value.find_first_not_of(' '), value.size())));
    }
    return {};
  }
  boost::json::value json() const {
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(body, error);
    EXPECT_FALSE(error) << body;
    return value;
  }
  // The code of the error envelope.
  std::string error_code() const {
    const boost::json::value value = json();
    const auto* error = value.is_object() ? value.as_object().if_contains("error") : nullptr;
    return error ? std::string(error->at("code").as_string()) : "no error: " + body;
  }
  // What stands behind "data: " in a stream, line by line.
  std::vector<std::string> events() const {
    std::vector<std::string> events;
    for (size_t at = 0; (at = body.find("data: ", at)) != std::string::npos; at += 6) {
      events.push_back(body.substr(at + 6, body.find("\n\n", at) - at - 6));
    }
    return events;
  }
};

class Client {
 public:
  explicit Client(uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { hang_up(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }

  void hang_up() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  // Closes with a reset in place of an orderly end.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    hang_up();
  }
  void half_close() { ::shutdown(socket_, SHUT_WR); }

  // False: the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Reads until `enough`, the end, or the time limit; false for the last two.
  bool read_until(const std::function<bool()>& enough, milliseconds limit = milliseconds(10'000)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!enough()) {
      const auto left =
          std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{socket_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return false;
      char bytes[65536];
      const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
      if (count <= 0) {
        ended_ = true;
        return false;
      }
      received_.append(bytes, static_cast<size_t>(count));
    }
    return true;
  }
  bool read_until_contains(std::string_view text) {
    return read_until([&] { return received_.find(text) != std::string::npos; });
  }
  // Whether the server closes within the limit.
  bool sees_end(milliseconds limit = milliseconds(10'000)) {
    read_until([] { return false; }, limit);
    return ended_;
  }
  const std::string& received() const { return received_; }

  // The next response; those to HEAD have no body.
  Response read(bool head_only = false) {
    Response response;
    read_until([&] { return received_.find("\r\n\r\n") != std::string::npos; });
    const size_t end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return response;
    response.head = take(end + 4);
    response.status = std::atoi(response.head.c_str() + 9);
    if (head_only || response.status == 204 || response.status == 304) {
      response.complete = true;
    } else if (response.header("transfer-encoding") == "chunked") {
      read_chunks(response);
    } else if (const std::string length = response.header("content-length"); !length.empty()) {
      const size_t bytes = std::stoul(length);
      response.complete = read_until([&] { return received_.size() >= bytes; });
      response.body = take(bytes);
    } else if (response.status >= 200) {
      response.complete = sees_end();
      response.body = take(received_.size());
    }
    return response;
  }

  Response get(std::string_view path, std::string_view more_headers = {}) {
    return exchange("GET", path, more_headers, {});
  }
  Response post(std::string_view path, std::string_view body, std::string_view more_headers = {}) {
    return exchange("POST", path, more_headers, body);
  }
  Response exchange(std::string_view method, std::string_view path, std::string_view more_headers,
                    std::string_view body) {
    send(request(method, path, more_headers, body));
    return read(method == "HEAD");
  }
  static std::string request(std::string_view method, std::string_view path,
                             std::string_view more_headers, std::string_view body) {
    std::string text(method);
    ((text += ' ') += path) += " HTTP/1.1\r\n";
    if (more_headers.find("Host:") == std::string_view::npos) text += "Host: localhost\r\n";
    if (method == "POST") {
      if (more_headers.find("Content-Type:") == std::string_view::npos) {
        text += "Content-Type: application/json\r\n";
      }
      (text += "Content-Length: ") += std::to_string(body.size()) + "\r\n";
    }
    ((text += more_headers) += "\r\n") += body;
    return text;
  }

 private:
  std::string take(size_t bytes) {
    std::string taken = received_.substr(0, bytes);
    received_.erase(0, bytes);
    return taken;
  }
  void read_chunks(Response& response) {
    for (;;) {
      if (!read_until_contains("\r\n")) return;
      const size_t size = std::stoul(received_, nullptr, 16);
      take(received_.find("\r\n") + 2);
      if (!read_until([&] { return received_.size() >= size + 2; })) return;
      response.body += take(size);
      take(2);
      if (size == 0) break;
    }
    response.complete = true;
  }

  int socket_;
  bool connected_ = false;
  bool ended_ = false;
  std::string received_;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options_.port = 0;
    options_.find_asset = [](std::string_view path) -> const WebAsset* {
      static const WebAsset index{"/index.html", "text/html; charset=utf-8", "<p>hello", "\"e1\""};
      return path == "/" || path == "/index.html" ? &index : nullptr;
    };
    add_model({.name = "echo"});
    add_model(
        {.name = "slow", .reply = "tick tock ", .token_delay = milliseconds(5), .endless = true});
  }
  ~ServerTest() override { stop(); }

  void add_model(backends::FakeModelOptions options) {
    const std::string name = options.name;
    models_[name] = std::make_shared<backends::FakeModel>(std::move(options));
  }
  void start() {
    backends::ModelSource source;
    source.names = [this] {
      std::vector<std::string> names;
      for (const auto& [name, model] : models_) names.push_back(name);
      return names;
    };
    source.resolve = [this](const std::string& name) -> Result<std::filesystem::path> {
      if (models_.count(name)) return std::filesystem::path(name);
      return Error{ErrorCode::not_found, "there is no model of that name", "model"};
    };
    source.load =
        [this](const std::string& name,
               const std::filesystem::path&) -> Result<std::shared_ptr<backends::ChatModel>> {
      if (on_load_) on_load_();
      return std::shared_ptr<backends::ChatModel>(models_.at(name));
    };
    auto pool = std::make_unique<backends::ModelPool>(backends::PoolOptions{}, std::move(source));
    auto server = Server::listen(options_, std::move(pool));
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = *std::move(server);
    port_ = server_->port();
    thread_ = std::thread([this] { server_->run(); });
  }
  void stop() {
    if (!server_) return;
    server_->stop();
    thread_.join();
    server_.reset();
  }
  const backends::FakeModel::Counters& counters(const std::string& model) {
    return models_.at(model)->counters();
  }
  // Whether the server still answers, for the end of hostile tests.
  bool alive() { return Client(port_).get("/health").status == 200; }

  static std::string chat(std::string_view model, std::string_view fields = {},
                          std::string_view content = "hello big world") {
    std::string body = R"({"model":")";
    ((body += model) += R"(","messages":[{"role":"user","content":")") += content;
    body += R"("}])";
    if (!fields.empty()) (body += ',') += fields;
    return body + "}";
  }
  static constexpr std::string_view chat_path = "/v1/chat/completions";

  ServerOptions options_;
  std::map<std::string, std::shared_ptr<backends::FakeModel>> models_;
  std::function<void()> on_load_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  uint16_t port_ = 0;
};

}  // namespace helicon::http
