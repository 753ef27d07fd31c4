// UTF-8 as the tokenizers need it: what is a character, what is broken, and how much of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace helicon::text {

// The first character of a text, or the first ill-formed piece of it.
struct Utf8Step {
  enum class Kind {
    valid,
    invalid,    // no continuation can make this a character
    truncated,  // the text ends inside what may still become one
  };
  Kind kind = Kind::invalid;
  // Length of the character; if ill-formed, of the maximal subpart that one U+FFFD stands for
  // (The Unicode Standard, section 3.9, "U+FFFD Substitution of Maximal Subparts").
  size_t bytes = 1;
  char32_t code_point = U'\uFFFD';
};

// `text` must not be empty.
Utf8Step first_utf8(std::string_view text);

void append_utf8(std::string& text, char32_t code_point);

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace helicon::text
