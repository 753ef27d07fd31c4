// UTF-8 for what goes out: JSON may hold nothing else.
#pragma once

#include <string>
#include <string_view>

namespace helicon::http {

// `bytes` with what is not UTF-8 as U+FFFD, one for each maximal subpart (Unicode 15, 3.9, the
// practice it recommends).
std::string valid_utf8(std::string_view bytes);

// For messages and log lines that quote what a client sent: one line without control characters,
// valid UTF-8, at most about `limit` bytes.
std::string quotable(std::string_view bytes, size_t limit = 80);

}  // namespace helicon::http
