// Characters as Python's str sees them: code points, properties, upper and lower case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace helicon::text::jinja {

// Text here is always valid UTF-8: it is checked where it enters.
// Where the first invalid byte is, or npos.
size_t find_invalid_utf8(std::string_view text);
// Reads the character at `position` and moves past it.
char32_t next_character(std::string_view text, size_t& position);
// Reads the character that ends before `position` and moves to its start.
char32_t previous_character(std::string_view text, size_t& position);
void append_character(std::string& text, char32_t character);
size_t count_characters(std::string_view text);
// The byte at which character `index` starts; the end of the text if there are fewer.
size_t byte_of_character(std::string_view text, size_t index);

// What str.isalpha() and its like say of one character.
enum class Property : uint16_t {
  alpha = 1,
  decimal = 2,
  digit = 4,
  numeric = 8,
  printable = 16,
  space = 32,
  upper = 64,
  lower = 128,
  title = 256,
  identifier_start = 512,
  identifier_part = 1024,
};
bool has_property(char32_t character, Property property);
bool is_space(char32_t character);
// str.isalnum(), or an underscore: \w of a regular expression.
bool is_word(char32_t character);
bool is_identifier(std::string_view text);

// str.upper(), lower(), capitalize(), title(), swapcase().
std::string upper_case(std::string_view text);
std::string lower_case(std::string_view text);
std::string capitalize(std::string_view text);
std::string title_case(std::string_view text);
std::string swap_case(std::string_view text);

// Bytes of white space at the start or the end.
size_t leading_space(std::string_view text);
size_t trailing_space(std::string_view text);

}  // namespace helicon::text::jinja
