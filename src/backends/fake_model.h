// A ChatModel without weights, for tests: it says what it is told to, as fast as it is told to, and
// counts what happened to it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/chat_model.h"

namespace helicon::backends {

struct FakeModelOptions {
  std::string name = "fake";
  std::string reply{};  // empty: the last message's content
  // Instead of it, and of refuse: what is said to each request. Called on the asker's thread.
  std::function<Result<std::string>(const ChatRequest&)> answer{};
  std::chrono::milliseconds token_delay{0};  // before each token
  bool endless = false;                      // begins again until cancelled or out of tokens
  bool unbounded = false;                    // heeds no max_tokens
  std::optional<Error> refuse{};             // start() fails with it
  std::optional<Error> fail{};               // each choice fails with it ...
  int fail_after = 0;                        // ... after so many tokens
  int cached_tokens = 0;
  int context_length = 1 << 20;  // prompt and max_tokens have to fit it
  bool reasons = false;          // what it says up to "</think> " is reasoning
  bool takes_effort = false;
  std::optional<PageUse> pages{};
};

// Its tokens are words with the space that follows them; a token's id is its place in the reply.
// Prompt tokens are the words of all messages.
class FakeModel : public ChatModel {
 public:
  struct Counters {
    std::atomic<int> started{0};
    std::atomic<int> running{0};
    std::atomic<int> cancelled{0};  // ended by cancel(), not by themselves
    std::atomic<int> tokens{0};     // of all runs
  };

  explicit FakeModel(FakeModelOptions options);
  ~FakeModel() override;  // every run must be destroyed before

  const ModelInfo& info() const override { return info_; }
  std::optional<PageUse> pages() const override { return options_.pages; }
  Result<std::unique_ptr<ChatRun>> start(ChatRequest request, runtime::Listener listener) override;
  std::string token_bytes(runtime::TokenId token) const override;

  const Counters& counters() const;
  std::optional<ChatRequest> last_request() const;

 private:
  struct Shared;
  class Run;
  ModelInfo info_;
  FakeModelOptions options_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace helicon::backends
