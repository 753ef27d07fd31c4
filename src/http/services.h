// What handlers may use: the models, threads for slow work, and the server's settings.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>

#include "agents/mode_runner.h"
#include "backends/model_pool.h"
#include "http/server.h"

namespace helicon::http {

struct Services {
  const ServerOptions& options;
  backends::ModelPool& models;
  agents::ModeRunner& modes;
  boost::asio::thread_pool& workers;  // parsing, rendering, tokenizing: milliseconds to seconds
  boost::asio::thread_pool& media_workers;  // what has pictures and the like: seconds to minutes
  boost::asio::thread_pool& fetchers;       // what waits for servers elsewhere
  int64_t started;                          // seconds since 1970
  std::atomic<bool> stopping{false};
  std::atomic<uint64_t> body_bytes{0};  // of all requests under way
};

}  // namespace helicon::http
