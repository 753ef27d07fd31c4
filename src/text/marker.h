// What the parsers of replies look for and have to hold back while it may still come.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace helicon::text {

inline constexpr std::string_view kBlanks = " \t\r\n";

// How many bytes at the end of `text` may be the beginning of `marker`.
inline size_t beginning_of(std::string_view marker, std::string_view text) {
  for (size_t size = std::min(marker.size() - 1, text.size()); size > 0; --size)
    if (text.ends_with(marker.substr(0, size))) return size;
  return 0;
}

// Without the blanks at its beginning, and without those at both ends.
inline std::string_view behind_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}
inline std::string_view trimmed(std::string_view text) {
  text = behind_blanks(text);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

}  // namespace helicon::text
