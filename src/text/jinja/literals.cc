#include "text/jinja/literals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "text/jinja/sandbox.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : 99;
}

// Digits of the base with single underscores between them; how many bytes from `start`.
size_t count_digits(std::string_view text, size_t start, int base, bool may_lead_with_underscore) {
  size_t end = start;
  while (end < text.size()) {
    const bool underscore = text[end] == '_' && (end > start || may_lead_with_underscore);
    const size_t digit = end + (underscore ? 1 : 0);
    if (digit >= text.size() || hex_value(text[digit]) >= base) break;
    end = digit + 1;
  }
  return end - start;
}

std::string without_underscores(std::string_view text) {
  std::string plain(text);
  std::erase(plain, '_');
  return plain;
}

size_t float_length(std::string_view text) {
  const size_t whole = count_digits(text, 0, 10, false);
  if (whole == 0) return 0;
  size_t end = whole;
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) {
    end += 1 + count_digits(text, end + 1, 10, false);
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (const size_t digits = count_digits(text, exponent, 10, false); digits > 0)
      end = exponent + digits;
  }
  return end > whole ? end : 0;
}

// Everything beyond ASCII as \x.., \u.... or \U........, for that is how jinja2 hands literals to
// Python's decoder: a backslash before such a character then escapes the backslash of its escape.
std::string to_ascii(std::string_view text) {
  std::string out;
  for (size_t position = 0; position < text.size();) {
    const auto character = static_cast<uint32_t>(next_character(text, position));
    if (character < 0x80) {
      out += static_cast<char>(character);
    } else if (character < 0x100) {
      out += fmt::format("\\x{:02x}", character);
    } else {
      out += character < 0x10000 ? fmt::format("\\u{:04x}", character)
                                 : fmt::format("\\U{:08x}", character);
    }
  }
  return out;
}

Result<char32_t> read_hex(std::string_view text, size_t& position, size_t digits) {
  uint32_t code = 0;
  for (size_t i = 0; i < digits; ++i, ++position) {
    const int value = position < text.size() ? hex_value(text[position]) : 99;
    if (value > 15) return template_error("a string has a cut escape");
    code = code * 16 + static_cast<uint32_t>(value);
  }
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    return template_error("a string escapes a character that does not exist");
  }
  return static_cast<char32_t>(code);
}

}  // namespace

Number read_number(std::string_view text, bool after_dot) {
  Number number;
  if (text.empty() || !is_digit(text[0])) return number;
  if (const size_t length = after_dot ? 0 : float_length(text); length > 0) {
    number.length = length;
    number.is_float = true;
    number.floating = std::strtod(without_underscores(text.substr(0, length)).c_str(), nullptr);
    return number;
  }
  const char letter = text.size() > 1 ? static_cast<char>(text[1] | 0x20) : '\0';
  int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
  size_t prefix = text[0] == '0' && base != 10 ? 2 : 0;
  size_t digits = prefix > 0 ? count_digits(text, prefix, base, true) : 0;
  if (digits == 0) {
    prefix = 0;
    base = 10;
    // A number that starts with a zero is zeros only.
    digits = text[0] == '0' ? count_digits(text, 0, 1, false) : count_digits(text, 0, 10, false);
  }
  number.length = prefix + digits;
  for (const char c : without_underscores(text.substr(prefix, digits))) {
    number.too_large = number.too_large ||
                       __builtin_mul_overflow(number.integer, base, &number.integer) ||
                       __builtin_add_overflow(number.integer, hex_value(c), &number.integer);
  }
  return number;
}

Result<std::string> unescape(std::string_view written) {
  if (written.find('\\') == std::string_view::npos) return std::string(written);
  const std::string text = to_ascii(written);
  std::string out;
  for (size_t position = 0; position < text.size();) {
    const char c = text[position++];
    if (c != '\\') {
      out += c;
      continue;
    }
    if (position >= text.size()) return template_error("a string ends in a backslash");
    const char escape = text[position++];
    constexpr std::string_view letters = "'\"\\abfnrtv", meanings = "'\"\\\a\b\f\n\r\t\v";
    if (const size_t index = letters.find(escape); index != std::string_view::npos) {
      out += meanings[index];
    } else if (escape == '\n') {
      continue;
    } else if (escape >= '0' && escape <= '7') {
      char32_t code = static_cast<char32_t>(escape - '0');
      for (int i = 0;
           i < 2 && position < text.size() && text[position] >= '0' && text[position] <= '7'; ++i) {
        code = code * 8 + static_cast<char32_t>(text[position++] - '0');
      }
      append_character(out, code);
    } else if (escape == 'x' || escape == 'u' || escape == 'U') {
      HELICON_ASSIGN(const char32_t code, read_hex(text, position,
                                                   escape == 'x'   ? 2
                                                   : escape == 'u' ? 4
                                                                   : 8));
      append_character(out, code);
    } else if (escape == 'N') {
      return template_error("characters by name are not supported in strings");
    } else {
      out += '\\';
      out += escape;
    }
  }
  return out;
}

}  // namespace helicon::text::jinja
