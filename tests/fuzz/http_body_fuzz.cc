// The body of POST /v1/chat/completions: any bytes give a request or an error of one line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/chat_request.h"
#include "http/error.h"
#include "http/json_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto request = helicon::http::parse_chat_request(body);
  if (request.ok()) {
    if (request->model.empty() || request->chat.messages.empty()) std::abort();
    return 0;
  }
  const helicon::Error& error = request.error();
  if (error.message.empty() || error.message.find('\n') != std::string::npos) std::abort();
  // What the client is told must itself be JSON.
  if (!helicon::http::parse_json(helicon::http::error_body(error)).ok()) std::abort();
  return 0;
}
