#include "http/utf8.h"

#include <cstddef>

namespace helicon::http {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct Character {
  size_t bytes;  // at least 1
  bool valid;    // otherwise a maximal subpart of an ill-formed sequence
};

// Unicode 15, table 3-7: the first byte says how many follow, and what the second may be.
Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {1, true};
  if (first < 0xC2 || first > 0xF4) return {1, false};
  const size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;  // no surrogates
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

}  // namespace

std::string valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    text += character.valid ? bytes.substr(0, character.bytes) : replacement;
    bytes.remove_prefix(character.bytes);
  }
  return text;
}

std::string quotable(std::string_view bytes, size_t limit) {
  std::string text;
  while (!bytes.empty()) {
    if (text.size() >= limit) return text + "…";
    const Character character = first_character(bytes);
    const auto byte = static_cast<unsigned char>(bytes[0]);
    // C1 controls (U+0080 to U+009F) steer terminals as well.
    const bool control =
        byte < 0x20 || byte == 0x7F ||
        (byte == 0xC2 && character.valid && static_cast<unsigned char>(bytes[1]) < 0xA0);
    text += character.valid && !control ? bytes.substr(0, character.bytes) : replacement;
    bytes.remove_prefix(character.bytes);
  }
  return text;
}

}  // namespace helicon::http
