#include "text/jinja/unicode.h"

#include <algorithm>
#include <array>

#include "text/jinja/unicode_tables.h"

namespace helicon::text::jinja {
namespace {

constexpr int kPropertyBits = 11;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

uint32_t look_up_properties(char32_t character) {
  const uint32_t key = (static_cast<uint32_t>(character) << kPropertyBits) | 0x7FF;
  const auto after =
      std::upper_bound(unicode::property_runs.begin(), unicode::property_runs.end(), key);
  return *(after - 1) & 0x7FF;
}

uint32_t properties(char32_t character) {
  static const std::array<uint16_t, 128> ascii = [] {
    std::array<uint16_t, 128> table{};
    for (char32_t c = 0; c < 128; ++c) table[c] = static_cast<uint16_t>(look_up_properties(c));
    return table;
  }();
  return character < 128 ? ascii[character] : look_up_properties(character);
}

bool append_mapped(std::string& out, char32_t character, std::span<const unicode::CaseRange> ranges,
                   std::span<const unicode::CaseSpecial> specials) {
  for (const auto& special : specials) {
    if (special.code == character) return out += special.text, true;
  }
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), character,
                       [](char32_t c, const unicode::CaseRange& range) { return c < range.first; });
  if (after == ranges.begin()) return false;
  const unicode::CaseRange& range = *(after - 1);
  if (character > range.last || (character - range.first) % range.stride != 0) return false;
  append_character(out, static_cast<char32_t>(static_cast<int64_t>(character) + range.delta));
  return true;
}

void append_upper(std::string& out, char32_t character) {
  if (character < 128) {
    out += static_cast<char>(character >= 'a' && character <= 'z' ? character - 32 : character);
  } else if (!append_mapped(out, character, unicode::upper_ranges, unicode::upper_specials)) {
    append_character(out, character);
  }
}

bool is_cased(char32_t character) {
  constexpr auto cased = static_cast<uint32_t>(Property::upper) |
                         static_cast<uint32_t>(Property::lower) |
                         static_cast<uint32_t>(Property::title);
  return (properties(character) & cased) != 0;
}

// Marks and the like, which the rule of the final sigma looks through.
bool is_case_ignorable(char32_t character) {
  return character == '\'' || character == '.' || character == ':' || character == 0xB7 ||
         character == 0x2019 ||
         (has_property(character, Property::identifier_part) &&
          !has_property(character, Property::identifier_start) &&
          !has_property(character, Property::decimal));
}

// The Unicode Standard, section 3.13: a sigma that ends a word has a form of its own.
bool is_final_sigma(std::string_view text, size_t start, size_t end) {
  bool cased_before = false;
  while (start > 0) {
    const char32_t character = previous_character(text, start);
    if (is_case_ignorable(character)) continue;
    cased_before = is_cased(character);
    break;
  }
  if (!cased_before) return false;
  while (end < text.size()) {
    const char32_t character = next_character(text, end);
    if (!is_case_ignorable(character)) return !is_cased(character);
  }
  return true;
}

void append_lower(std::string& out, char32_t character, std::string_view text, size_t start,
                  size_t end) {
  constexpr char32_t sigma = 0x3A3, final_sigma = 0x3C2;
  if (character < 128) {
    out += static_cast<char>(character >= 'A' && character <= 'Z' ? character + 32 : character);
  } else if (character == sigma && is_final_sigma(text, start, end)) {
    append_character(out, final_sigma);
  } else if (!append_mapped(out, character, unicode::lower_ranges, unicode::lower_specials)) {
    append_character(out, character);
  }
}

void append_title(std::string& out, char32_t character) {
  if (!append_mapped(out, character, unicode::title_ranges, unicode::title_specials)) {
    append_upper(out, character);
  }
}

}  // namespace

size_t find_invalid_utf8(std::string_view text) {
  size_t position = 0;
  while (position < text.size()) {
    const auto lead = static_cast<unsigned char>(text[position]);
    if (lead < 0x80) {
      ++position;
      continue;
    }
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || position + length > text.size()) return position;
    for (size_t i = 1; i < length; ++i) {
      if (!is_continuation(text[position + i])) return position;
    }
    const auto second = static_cast<unsigned char>(text[position + 1]);
    // Overlong forms, surrogates, and what lies past U+10FFFF.
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
      return position;
    }
    position += length;
  }
  return std::string_view::npos;
}

char32_t next_character(std::string_view text, size_t& position) {
  const auto byte = [&](size_t offset) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[position + offset]));
  };
  const char32_t lead = byte(0);
  if (lead < 0x80) return ++position, lead;
  char32_t character;
  if (lead < 0xE0) {
    character = (lead & 0x1F) << 6 | (byte(1) & 0x3F);
    position += 2;
  } else if (lead < 0xF0) {
    character = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    position += 3;
  } else {
    character =
        (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    position += 4;
  }
  return character;
}

char32_t previous_character(std::string_view text, size_t& position) {
  do {
    --position;
  } while (is_continuation(text[position]));
  size_t start = position;
  return next_character(text, start);
}

void append_character(std::string& text, char32_t character) {
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (character < 0x80) {
    add(character);
  } else if (character < 0x800) {
    add(0xC0 | character >> 6);
    add(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    add(0xE0 | character >> 12);
    add(0x80 | (character >> 6 & 0x3F));
    add(0x80 | (character & 0x3F));
  } else {
    add(0xF0 | character >> 18);
    add(0x80 | (character >> 12 & 0x3F));
    add(0x80 | (character >> 6 & 0x3F));
    add(0x80 | (character & 0x3F));
  }
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

size_t byte_of_character(std::string_view text, size_t index) {
  for (size_t position = 0; position < text.size(); ++position) {
    if (!is_continuation(text[position]) && index-- == 0) return position;
  }
  return text.size();
}

bool has_property(char32_t character, Property property) {
  return (properties(character) & static_cast<uint32_t>(property)) != 0;
}

bool is_space(char32_t character) { return has_property(character, Property::space); }

bool is_word(char32_t character) {
  constexpr auto word =
      static_cast<uint32_t>(Property::alpha) | static_cast<uint32_t>(Property::decimal) |
      static_cast<uint32_t>(Property::digit) | static_cast<uint32_t>(Property::numeric);
  return character == '_' || (properties(character) & word) != 0;
}

bool is_identifier(std::string_view text) {
  for (size_t position = 0; position < text.size();) {
    const Property wanted = position == 0 ? Property::identifier_start : Property::identifier_part;
    if (!has_property(next_character(text, position), wanted)) return false;
  }
  return !text.empty();
}

std::string upper_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t position = 0; position < text.size();)
    append_upper(out, next_character(text, position));
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t position = 0; position < text.size();) {
    const size_t start = position;
    const char32_t character = next_character(text, position);
    append_lower(out, character, text, start, position);
  }
  return out;
}

std::string capitalize(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t position = 0; position < text.size();) {
    const size_t start = position;
    const char32_t character = next_character(text, position);
    if (start == 0) {
      append_title(out, character);
    } else {
      append_lower(out, character, text, start, position);
    }
  }
  return out;
}

std::string title_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool in_word = false;
  for (size_t position = 0; position < text.size();) {
    const size_t start = position;
    const char32_t character = next_character(text, position);
    if (in_word) {
      append_lower(out, character, text, start, position);
    } else {
      append_title(out, character);
    }
    in_word = is_cased(character);
  }
  return out;
}

std::string swap_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t position = 0; position < text.size();) {
    const size_t start = position;
    const char32_t character = next_character(text, position);
    if (has_property(character, Property::upper)) {
      append_lower(out, character, text, start, position);
    } else if (has_property(character, Property::lower)) {
      append_upper(out, character);
    } else {
      append_character(out, character);
    }
  }
  return out;
}

size_t leading_space(std::string_view text) {
  size_t position = 0;
  while (position < text.size()) {
    size_t after = position;
    if (!is_space(next_character(text, after))) break;
    position = after;
  }
  return position;
}

size_t trailing_space(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t before = end;
    if (!is_space(previous_character(text, before))) break;
    end = before;
  }
  return text.size() - end;
}

}  // namespace helicon::text::jinja
