// Numbers and strings as a template writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace helicon::text::jinja {

struct Number {
  size_t length = 0;  // 0: there is none here
  bool is_float = false;
  bool too_large = false;
  int64_t integer = 0;
  double floating = 0;
};

// The number that `text` begins with. Behind a dot there are no floats: x.1.2 is two subscripts.
Number read_number(std::string_view text, bool after_dot);

// What stands between the quotes of a string literal, its escapes as Python's unicode-escape.
// Errors: a cut escape, a character that does not exist.
Result<std::string> unescape(std::string_view text);

}  // namespace helicon::text::jinja
