#include "multi_line.h"

#include <utility>

namespace helicon::apps {
namespace {
constexpr std::string_view quotes = "\"\"\"";
}

bool MultiLine::add(std::string_view typed) {
  if (text_.empty() && !open_ && typed.starts_with(quotes)) {
    typed.remove_prefix(quotes.size());
    open_ = quoted_ = true;
    if (typed.empty()) return false;  // text begins on the next line
  }
  if (open_) {
    open_ = !typed.ends_with(quotes);
    if (!open_) typed.remove_suffix(quotes.size());
    text_ += typed;
    if (open_) text_ += '\n';
    return !open_;
  }
  const bool continues = typed.ends_with('\\');
  if (continues) typed.remove_suffix(1);
  text_ += typed;
  if (continues) text_ += '\n';
  return !continues;
}

std::string MultiLine::take() {
  open_ = quoted_ = false;
  return std::exchange(text_, {});
}

}  // namespace helicon::apps
