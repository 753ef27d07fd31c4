#include "weights/quoted_name.h"

#include <fmt/format.h>

namespace helicon::weights {

std::string quoted_name(std::string_view name) {
  constexpr size_t longest = 100;
  std::string out = "'";
  for (const char c : name.substr(0, longest)) {
    const bool plain = c >= ' ' && c <= '~' && c != '\'' && c != '\\';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    }
  }
  if (name.size() > longest) out += "...";
  return out + "'";
}

}  // namespace helicon::weights
