// Errors as HTTP tells them: which status, which type, and the envelope that OpenAI's clients read.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace helicon::http {

struct ErrorStatus {
  int status;             // 400
  std::string_view type;  // "invalid_request_error"
  std::string_view code;  // "context_length_exceeded"
};

// One row of the table for each ErrorCode.
const ErrorStatus& error_status(ErrorCode code);

// {"error":{"message":...,"type":...,"param":...,"code":...}}; param is null where the error names
// no field. Whatever bytes the message holds, the text is valid JSON and valid UTF-8.
std::string error_body(const Error& error);
std::string error_body(const ErrorStatus& status, std::string_view message,
                       std::string_view parameter = {});

}  // namespace helicon::http
