// A server elsewhere that speaks OpenAI's protocol, and the models it offers.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/chat_model.h"
#include "base/result.h"

namespace helicon::backends {

struct RemoteOptions {
  std::string address;  // "http://127.0.0.1:8000" or ".../v1"; http or https, without user or query
  std::string key;  // sent as a bearer token; empty: none. Never logged, never part of a message
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds silence{300'000};  // without one byte: given up. A comment is a byte
};

// Safe to use from many threads.
class RemoteServer {
 public:
  // Errors: invalid_argument for an address that is none, and for a key that is no word.
  static Result<std::shared_ptr<RemoteServer>> create(RemoteOptions options);

  // What it offers now, asked at most every five seconds while it answers. Errors: network, corrupt
  // (its answer is no list of models), and those of error_of().
  Result<std::vector<ModelInfo>> models();
  // Errors: those of models(), and not_found.
  Result<std::shared_ptr<ChatModel>> model(const std::string& name);

  const RemoteOptions& options() const { return options_; }

 private:
  explicit RemoteServer(RemoteOptions options) : options_(std::move(options)) {}

  RemoteOptions options_;  // the address ends with /v1
  std::mutex mutex_;
  std::chrono::steady_clock::time_point asked_{};  // guarded by mutex_, as is the next
  Result<std::vector<ModelInfo>> known_ = std::vector<ModelInfo>();
};

}  // namespace helicon::backends
