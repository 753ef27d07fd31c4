#include <algorithm>

#include "text/jinja/builtin.h"
#include "text/jinja/methods.h"
#include "text/jinja/search.h"
#include "text/jinja/text_builder.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

bool is_line_end(char32_t c) {
  return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

std::u32string sorted_characters(std::string_view text) {
  std::u32string characters;
  for (size_t position = 0; position < text.size();) characters += next_character(text, position);
  std::sort(characters.begin(), characters.end());
  return characters;
}

}  // namespace

Pieces split_at_space(Sandbox& sandbox, std::string_view text, int64_t most, bool from_right) {
  sandbox.charge_characters(text.size());
  Pieces pieces;
  if (!from_right) {
    text.remove_prefix(leading_space(text));
    for (; !text.empty() && sandbox.charge(); --most) {
      size_t end = most == 0 ? text.size() : 0;
      while (end < text.size()) {
        size_t after = end;
        if (is_space(next_character(text, after))) break;
        end = after;
      }
      pieces.push_back(text.substr(0, end));
      text.remove_prefix(end);
      text.remove_prefix(leading_space(text));
    }
    return pieces;
  }
  text.remove_suffix(trailing_space(text));
  for (; !text.empty() && sandbox.charge(); --most) {
    size_t start = most == 0 ? 0 : text.size();
    while (start > 0) {
      size_t before = start;
      if (is_space(previous_character(text, before))) break;
      start = before;
    }
    pieces.push_back(text.substr(start));
    text = text.substr(0, start);
    text.remove_suffix(trailing_space(text));
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

Pieces split_at(Sandbox& sandbox, std::string_view text, std::string_view separator, int64_t most,
                bool from_right) {
  Pieces pieces;
  if (!from_right) {
    for (size_t at; most != 0 && (at = find_text(text, separator)) != std::string_view::npos;
         --most) {
      if (!sandbox.charge()) break;
      pieces.push_back(text.substr(0, at));
      text.remove_prefix(at + separator.size());
    }
    pieces.push_back(text);
    return pieces;
  }
  // From the right is from the left of both read backwards.
  sandbox.charge_characters(text.size());
  const std::string backwards(text.rbegin(), text.rend());
  const std::string separator_backwards(separator.rbegin(), separator.rend());
  size_t end = text.size();
  for (const std::string_view piece :
       split_at(sandbox, backwards, separator_backwards, most, false)) {
    pieces.push_back(text.substr(end - piece.size(), piece.size()));
    end -= std::min(end, piece.size() + separator.size());
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

Pieces split_lines(Sandbox& sandbox, std::string_view text, bool keep_ends) {
  sandbox.charge_characters(text.size());
  Pieces lines;
  size_t start = 0;
  for (size_t position = 0; position < text.size();) {
    const size_t end = position;
    const char32_t character = next_character(text, position);
    if (!is_line_end(character)) continue;
    if (!sandbox.charge()) return lines;
    if (character == '\r' && position < text.size() && text[position] == '\n') ++position;
    lines.push_back(text.substr(start, (keep_ends ? position : end) - start));
    start = position;
  }
  if (start < text.size()) lines.push_back(text.substr(start));
  return lines;
}

Result<std::string_view> strip_text(std::string_view text, const Value& characters, bool left,
                                    bool right) {
  const bool any_space = characters.is_missing() || characters.is(Kind::none);
  std::u32string set;
  if (!any_space) {
    HELICON_ASSIGN(const std::string_view listed, text_argument(characters));
    set = sorted_characters(listed);
  }
  const auto goes = [&](char32_t c) {
    return any_space ? is_space(c) : std::binary_search(set.begin(), set.end(), c);
  };
  while (left && !text.empty()) {
    size_t after = 0;
    if (!goes(next_character(text, after))) break;
    text.remove_prefix(after);
  }
  while (right && !text.empty()) {
    size_t before = text.size();
    if (!goes(previous_character(text, before))) break;
    text = text.substr(0, before);
  }
  return text;
}

Result<std::string> replace_text(Sandbox& sandbox, std::string_view text, std::string_view from,
                                 std::string_view to, int64_t most) {
  TextBuilder out(sandbox);
  if (from.empty()) {  // between all characters
    size_t position = 0;
    for (; most != 0; --most) {
      out.append(to);
      if (position >= text.size() || !sandbox.charge()) break;
      const size_t start = position;
      next_character(text, position);
      out.append(text.substr(start, position - start));
    }
    out.append(text.substr(position));
  } else {
    for (size_t at; most != 0 && (at = find_text(text, from)) != std::string_view::npos; --most) {
      out.append(text.substr(0, at));
      out.append(to);
      if (!sandbox.charge()) break;
      text.remove_prefix(at + from.size());
    }
    out.append(text);
  }
  HELICON_TRY(sandbox.check());
  return out.take();
}

}  // namespace helicon::text::jinja
