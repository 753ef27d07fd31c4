// The HTTP server: OpenAI's protocol and the page.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agents/checker.h"
#include "backends/model_pool.h"
#include "base/result.h"
#include "http/origin_policy.h"
#include "http/web_assets.h"
#include "net/guarded_fetch.h"

namespace helicon::http {

struct ServerLimits {
  size_t connections = 256;  // more are told 503 and closed
  uint32_t header_bytes = 32 << 10;
  uint64_t body_bytes = 32 << 20;
  uint64_t all_body_bytes = 256 << 20;  // of all requests under way
  size_t queued_events = 4096;          // of one answer, that its client has not read yet
};

struct ServerTimeouts {
  std::chrono::milliseconds idle{75'000};    // between requests
  std::chrono::milliseconds header{15'000};  // from a request's first byte to its last header
  std::chrono::milliseconds body{120'000};   // for the whole body
  std::chrono::milliseconds write{
      30'000};  // for one piece of an answer, and a second for each 8 kB
  std::chrono::milliseconds heartbeat{15'000};  // a comment in a stream that is silent for so long
  std::chrono::milliseconds stop{10'000};       // running answers may finish in this time
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // an IP address, or "localhost"
  uint16_t port = 8642;               // 0: any that is free
  int threads = 2;                    // for I/O; engines have their own
  OriginPolicy policy;
  ServerLimits limits;
  ServerTimeouts timeouts;
  net::FetchRules fetch_rules;                            // of addresses that messages name
  net::FetchLimits fetch_limits;                          // for all of one request
  std::shared_ptr<const agents::ProgramRunner> programs;  // runs what agents write; or null
  std::function<const WebAsset*(std::string_view path)> find_asset = find_web_asset;
};

class Server {
 public:
  // Binds and listens. Errors: invalid_argument (no address), io (the port is in use, ...).
  static Result<std::unique_ptr<Server>> listen(ServerOptions options,
                                                std::unique_ptr<backends::ModelPool> models);
  // Only after run() has returned, or without it.
  ~Server();

  uint16_t port() const;
  // "http://127.0.0.1:8642"
  std::string url() const;

  // Serves until stopped.
  void run();
  // Takes no new connections, lets running answers finish for a while, then ends them; run()
  // returns. From any thread, any number of times.
  void stop();
  // SIGINT and SIGTERM stop() the server; a second one ends the process at once, with 128 + signal.
  void stop_on_signals();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace helicon::http
