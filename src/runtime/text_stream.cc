#include "runtime/text_stream.h"

#include <algorithm>
#include <utility>

#include "text/marker.h"

namespace helicon::runtime {

TextStream::TextStream(std::shared_ptr<const text::Tokenizer> tokenizer,
                       std::vector<std::string> stop, bool special_text)
    : detokenizer_(std::move(tokenizer), !special_text), stop_(std::move(stop)) {
  std::erase(stop_, std::string());
}

std::string TextStream::push(text::TokenId token) {
  return release(detokenizer_.push(token), false);
}

std::string TextStream::finish() { return release(detokenizer_.finish(), true); }

std::string TextStream::release(std::string text, bool last) {
  if (stopped_) return {};
  text.insert(0, std::exchange(held_, {}));
  size_t first = std::string::npos;
  for (const std::string& stop : stop_) first = std::min(first, text.find(stop));
  if (first != std::string::npos) {
    stopped_ = true;
    text.resize(first);
    return text;
  }
  if (last) return text;
  size_t hold = 0;
  for (const std::string& stop : stop_) hold = std::max(hold, text::beginning_of(stop, text));
  held_ = text.substr(text.size() - hold);
  text.resize(text.size() - hold);
  return text;
}

}  // namespace helicon::runtime
