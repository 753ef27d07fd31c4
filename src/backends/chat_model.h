// A model is whatever answers: the interface that servers and agents talk to.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "chat/message.h"
#include "runtime/request.h"

namespace helicon::backends {

struct ChatRequest {
  std::vector<chat::Message> messages;
  boost::json::array tools;                // OpenAI tool definitions, passed to the template
  boost::json::object template_variables;  // chat_template_kwargs: further variables
  std::string reasoning_effort;            // passed on to models that know efforts; or empty
  runtime::SamplingParameters sampling;
  int choices = 1;
  int max_tokens = -1;
  std::vector<std::string> stop;
  int top_logprobs = -1;
  std::string owner;
  runtime::Priority priority = runtime::Priority::interactive;
  std::stop_token cancelled;  // ends start(), where that has pictures and the like to encode
};

// A running answer. Destroying it cancels what still runs; cancel() is idempotent, thread-safe,
// and takes effect before the next token.
class ChatRun {
 public:
  virtual ~ChatRun() = default;
  virtual void cancel() = 0;
  virtual int prompt_tokens() const = 0;
};

struct ModelInfo {
  std::string name;
  std::string architecture;  // "qwen2"
  std::string quantization;  // "Q4_K"
  uint64_t parameters = 0;
  int context_length = 0;
  uint64_t bytes = 0;
  // It reasons by itself; its template takes `enable_thinking`, as those of such models do.
  bool reasons = false;
  // `reasoning_effort` says how much it reasons itself, and sets nothing else to work.
  bool takes_effort = false;
  bool sees = false, hears = false;  // pictures and films; sounds
  bool takes(chat::MediumKind kind) const { return kind == chat::MediumKind::sound ? hears : sees; }
};

// Pages of keys and values, where a model has such.
struct PageUse {
  size_t all = 0;
  size_t free = 0;  // or kept only for prompts to come
};

class ChatModel {
 public:
  virtual ~ChatModel() = default;
  virtual const ModelInfo& info() const = 0;
  // False once what it answers can no longer be trusted (its file was cut short): load it anew.
  virtual bool healthy() const { return true; }
  // Quick.
  virtual std::optional<PageUse> pages() const { return std::nullopt; }
  // Renders, tokenizes and queues; returns at once, unless there are pictures, films or sounds: to
  // encode those takes seconds, or minutes. Events arrive on the listener (see runtime/request.h).
  // Errors: invalid_argument (a template that raises), context_length with both numbers,
  // unsupported (a base model without a template, or one without eyes or ears), overloaded;
  // cancelled, and what may be wrong with a medium.
  virtual Result<std::unique_ptr<ChatRun>> start(ChatRequest request,
                                                 runtime::Listener listener) = 0;
  // Bytes of a token, for log-probabilities.
  virtual std::string token_bytes(runtime::TokenId token) const = 0;
};

}  // namespace helicon::backends
