#include "text/byte_alphabet.h"

#include <array>

#include "text/utf8.h"

namespace helicon::text {
namespace {

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr size_t alphabet_end = 0x100 + 68;  // 68 bytes do not stand for themselves

struct Alphabet {
  std::array<char32_t, 256> character_of{};
  std::array<int, alphabet_end> byte_of{};  // -1 where there is none
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.byte_of.fill(-1);
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t character = stands_for_itself(byte) ? byte : next++;
    alphabet.character_of[byte] = character;
    alphabet.byte_of[character] = static_cast<int>(byte);
  }
  return alphabet;
}

constexpr Alphabet alphabet = make_alphabet();

}  // namespace

char32_t alphabet_character(uint8_t byte) { return alphabet.character_of[byte]; }

std::optional<std::string> spelled_bytes(std::string_view token_text) {
  std::string bytes;
  while (!token_text.empty()) {
    const Utf8Step step = first_utf8(token_text);
    if (step.kind != Utf8Step::Kind::valid || step.code_point >= alphabet_end) return std::nullopt;
    const int byte = alphabet.byte_of[step.code_point];
    if (byte < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
    token_text.remove_prefix(step.bytes);
  }
  return bytes;
}

}  // namespace helicon::text
