// The fields `messages` and `tools` of a chat completion request.
#pragma once

#include <boost/json.hpp>
#include <vector>

#include "base/result.h"
#include "chat/message.h"

namespace helicon::http {

// Several text parts of one message are joined by line breaks, as llama.cpp and vLLM do; pictures,
// films and sounds (http/chat_media.h) stand between them. Errors: invalid_argument, unsupported,
// too_large.
Result<std::vector<chat::Message>> read_messages(const boost::json::value& messages);

// Checks that each is a function with a name; they go to the template as they are.
Result<boost::json::array> read_tools(const boost::json::value& tools);

}  // namespace helicon::http
