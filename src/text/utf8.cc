#include "text/utf8.h"

namespace helicon::text {
namespace {

struct Range {
  unsigned char first = 0x80;
  unsigned char last = 0xBF;
};

// Table 3-7 of The Unicode Standard, "Well-Formed UTF-8 Byte Sequences": the length that a first
// byte announces (0: it cannot begin a character), and what its second byte may be.
size_t announced_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

Range second_byte_range(unsigned char lead) {
  switch (lead) {
    case 0xE0:
      return {0xA0, 0xBF};  // no overlong forms
    case 0xED:
      return {0x80, 0x9F};  // no surrogates
    case 0xF0:
      return {0x90, 0xBF};  // no overlong forms
    case 0xF4:
      return {0x80, 0x8F};  // nothing past U+10FFFF
    default:
      return {};
  }
}

}  // namespace

Utf8Step first_utf8(std::string_view text) {
  const auto byte = [&](size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char lead = byte(0);
  const size_t length = announced_length(lead);
  if (length == 0) return {};
  if (length == 1) return {Utf8Step::Kind::valid, 1, lead};

  char32_t code_point = lead & (0xFFu >> (length + 1));
  Range range = second_byte_range(lead);
  for (size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {Utf8Step::Kind::truncated, i};
    if (byte(i) < range.first || byte(i) > range.last) return {Utf8Step::Kind::invalid, i};
    code_point = (code_point << 6) | (byte(i) & 0x3Fu);
    range = {};
  }
  return {Utf8Step::Kind::valid, length, code_point};
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto continuation = [&](int shift) {
    text.push_back(static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)));
  };
  if (code_point < 0x80) {
    text.push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    text.push_back(static_cast<char>(0xC0 | (code_point >> 6)));
    continuation(0);
  } else if (code_point < 0x10000) {
    text.push_back(static_cast<char>(0xE0 | (code_point >> 12)));
    continuation(6);
    continuation(0);
  } else {
    text.push_back(static_cast<char>(0xF0 | (code_point >> 18)));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

}  // namespace helicon::text
