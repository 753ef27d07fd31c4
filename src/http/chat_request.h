// The body of POST /v1/chat/completions, read into what a ChatModel is asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agents/mode.h"
#include "backends/chat_model.h"
#include "base/result.h"

namespace helicon::http {

struct ChatCompletionRequest {
  std::string model;  // without the suffix that names a mode
  agents::ModeOptions mode;
  backends::ChatRequest chat;   // sampling.seed and owner are still to be set
  std::optional<int64_t> seed;  // nothing: the server draws one
  std::string user;             // as the client calls its user; may be empty
  bool stream = false;
  bool include_usage = false;  // a last chunk with the usage
};

// Every field that the OpenAI protocol defines is either read or, where it asks for something this
// server cannot do, refused. So is every other field, but for those known to leave the answer as it
// is: a misspelt one would change it silently.
// Errors: invalid_argument, unsupported or too_large, with the field as parameter.
Result<ChatCompletionRequest> parse_chat_request(std::string_view body);

}  // namespace helicon::http
