#include "text/jinja/search.h"

#include <cstring>
#include <string>

namespace helicon::text::jinja {

size_t find_text(std::string_view text, std::string_view wanted, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (wanted.empty()) return from;
  if (wanted.size() == 1) return text.find(wanted[0], from);
  // string_view::find is quadratic for longer ones; memmem of the C library is not.
  const void* const found =
      memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

size_t find_last_text(std::string_view text, std::string_view wanted, size_t end) {
  text = text.substr(0, end);
  if (wanted.size() <= 1) return text.rfind(wanted);
  if (wanted.size() > text.size()) return std::string_view::npos;
  // The last one forwards is the first one backwards.
  const std::string backwards(text.rbegin(), text.rend());
  const std::string wanted_backwards(wanted.rbegin(), wanted.rend());
  const size_t found = find_text(backwards, wanted_backwards);
  return found == std::string_view::npos ? found : text.size() - found - wanted.size();
}

size_t count_text(std::string_view text, std::string_view wanted) {
  size_t count = 0;
  for (size_t at = find_text(text, wanted); at != std::string_view::npos;
       at = find_text(text, wanted, at + wanted.size())) {
    ++count;
  }
  return count;
}

}  // namespace helicon::text::jinja
