// The 256 printable characters by which byte-level vocabularies spell bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace helicon::text {

// The character that stands for a byte: printable Latin-1 bytes stand for themselves, the others
// for U+0100 upwards in order (the table of GPT-2's published encoder).
char32_t alphabet_character(uint8_t byte);

// The bytes that a token's text spells; nothing if it has a character outside the alphabet.
std::optional<std::string> spelled_bytes(std::string_view token_text);

}  // namespace helicon::text
