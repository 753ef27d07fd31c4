// Cuts the source of a template into tokens, white space control done.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace helicon::text::jinja {

enum class TokenKind : uint8_t {
  data,  // text outside of all tags
  block_begin,
  block_end,
  variable_begin,
  variable_end,
  name,
  string,
  integer,
  floating,
  symbol,  // an operator or punctuation mark; `text` is it
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  int line = 1;
  std::string text;  // of a string literal what it means, not how it is written
  int64_t integer = 0;
  double floating = 0;
};

// As jinja2 with trim_blocks and lstrip_blocks. The last token is `end`. Errors: invalid_argument
// with the line.
Result<std::vector<Token>> tokenize(std::string_view source);

// "line 3: what is wrong", in one line.
Error error_at(int line, std::string_view message);

}  // namespace helicon::text::jinja
