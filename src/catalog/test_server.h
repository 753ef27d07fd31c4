// For tests: an HTTP server on 127.0.0.1 that does what a bad day brings: it cuts, lies and hangs.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace helicon::catalog {

struct TestRequest {
  std::string target;                // "/model.gguf"
  std::optional<std::size_t> range;  // of "Range: bytes=100-"
};

struct TestReply {
  int status = 200;
  std::string headers{};  // further ones, each with its \r\n
  std::string body{};
  std::size_t sent = std::string::npos;  // so much of the body is sent, and then the line is cut
  bool hangs = false;                    // instead of cutting, says nothing more
};

// The whole of `body`, or from the asked byte on.
inline TestReply serve_range(const TestRequest& request, const std::string& body) {
  if (!request.range) return {.body = body};
  return {.status = 206,
          .headers = fmt::format("Content-Range: bytes {}-{}/{}\r\n", *request.range,
                                 body.size() - 1, body.size()),
          .body = body.substr(*request.range)};
}

class TestServer {
 public:
  using Handler = std::function<TestReply(const TestRequest&)>;

  explicit TestServer(Handler handler)
      : handler_(std::move(handler)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, generic, size) != 0 || listen(listener_, 8) != 0 ||
        getsockname(listener_, generic, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { accept_until(stop); });
  }
  ~TestServer() {
    thread_.request_stop();
    thread_.join();
    close(listener_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  std::string address(std::string_view target = "") const {
    return fmt::format("http://127.0.0.1:{}{}", port_, target);
  }
  std::vector<TestRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  // True once `file` can be read; false when told to stop.
  static bool readable(int file, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd wanted{file, POLLIN, 0};
      if (poll(&wanted, 1, 20) > 0) return true;
    }
    return false;
  }

  void accept_until(const std::stop_token& stop) {
    while (readable(listener_, stop)) {
      const int client = accept(listener_, nullptr, nullptr);
      if (client < 0) continue;
      converse(client, stop);
      close(client);
    }
  }

  void converse(int client, const std::stop_token& stop) {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos) {
      std::array<char, 1024> buffer{};
      if (!readable(client, stop)) return;
      const ssize_t count = recv(client, buffer.data(), buffer.size(), 0);
      if (count <= 0) return;
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    TestRequest request;
    request.target = text.substr(4, text.find(' ', 4) - 4);
    constexpr std::string_view range = "Range: bytes=";
    if (const std::size_t at = text.find(range); at != std::string::npos) {
      request.range = std::strtoull(text.c_str() + at + range.size(), nullptr, 10);
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const TestReply reply = handler_(request);
    std::string answer =
        fmt::format("HTTP/1.1 {} Whatever\r\nConnection: close\r\n{}", reply.status, reply.headers);
    if (reply.headers.find("chunked") == std::string::npos) {
      answer += fmt::format("Content-Length: {}\r\n", reply.body.size());
    }
    answer += "\r\n" + reply.body.substr(0, reply.sent);
    for (std::size_t done = 0; done < answer.size();) {
      const ssize_t count = send(client, answer.data() + done, answer.size() - done, MSG_NOSIGNAL);
      if (count <= 0) return;
      done += static_cast<std::size_t>(count);
    }
    // The client's end of the line becomes readable when it hangs up.
    if (reply.hangs) readable(client, stop);
  }

  Handler handler_;
  int listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<TestRequest> requests_;
  std::jthread thread_;
};

}  // namespace helicon::catalog
