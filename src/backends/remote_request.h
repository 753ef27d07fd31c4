// A request in OpenAI's protocol, for a server elsewhere.
#pragma once

#include <string>

#include "backends/chat_model.h"
#include "base/result.h"

namespace helicon::backends {

// The body of POST /chat/completions, which asks for a stream. Media go along as data: URLs.
// Errors: io, too_large (a medium).
Result<std::string> body_of(const std::string& model, const ChatRequest& request);

}  // namespace helicon::backends
