#include "http/utf8.h"

#include <cstddef>

#include "text/utf8.h"

namespace helicon::http {
namespace {

// Takes the first character off `bytes`; what is not one comes back as U+FFFD.
std::string_view take_character(std::string_view& bytes) {
  const text::Utf8Step step = text::first_utf8(bytes);
  const std::string_view character = bytes.substr(0, step.bytes);
  bytes.remove_prefix(step.bytes);
  return step.kind == text::Utf8Step::Kind::valid ? character : text::replacement_character;
}

// C0, delete, and C1 (U+0080 to U+009F), which steer terminals as well.
bool is_control(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(character[i]); };
  return byte(0) < 0x20 || byte(0) == 0x7F || (byte(0) == 0xC2 && byte(1) < 0xA0);
}

}  // namespace

std::string valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) text += take_character(bytes);
  return text;
}

std::string quotable(std::string_view bytes, size_t limit) {
  std::string text;
  while (!bytes.empty()) {
    if (text.size() >= limit) return text + "…";
    const std::string_view character = take_character(bytes);
    text += is_control(character) ? text::replacement_character : character;
  }
  return text;
}

}  // namespace helicon::http
