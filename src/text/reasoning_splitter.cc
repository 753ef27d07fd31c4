#include "text/reasoning_splitter.h"

#include <algorithm>
#include <utility>

#include "text/marker.h"

namespace helicon::text {
namespace {

constexpr std::string_view kOpen = "<think>";
constexpr std::string_view kClose = "</think>";
}  // namespace

bool ReasoningSplitter::used_by(std::string_view chat_template) {
  return chat_template.find(kClose) != std::string_view::npos;
}

bool ReasoningSplitter::opened_by(std::string_view prompt) {
  const size_t end = prompt.find_last_not_of(kBlanks);
  return end != std::string_view::npos && prompt.substr(0, end + 1).ends_with(kOpen);
}

ReasoningSplitter::Pieces ReasoningSplitter::push(std::string_view text) {
  held_ += text;
  Pieces pieces;
  if (state_ == State::before) {
    const size_t begin = held_.find_first_not_of(kBlanks);
    if (begin == std::string::npos) return pieces;
    const std::string_view rest = std::string_view(held_).substr(begin);
    if (rest.size() < kOpen.size() && kOpen.starts_with(rest)) return pieces;
    const bool opens = rest.starts_with(kOpen);
    state_ = opens ? State::inside : State::answer;
    if (opens) held_.erase(0, begin + kOpen.size());
  }
  if (state_ == State::inside) {
    const size_t end = held_.find(kClose);
    if (end == std::string::npos) {
      const size_t certain = held_.size() - beginning_of(kClose, held_);
      pieces.reasoning = held_.substr(0, certain);
      held_.erase(0, certain);
      return pieces;
    }
    pieces.reasoning = held_.substr(0, end);
    held_.erase(0, end + kClose.size());
    state_ = State::behind;
  }
  if (state_ == State::behind) {  // the blank lines there are the marker's
    held_.erase(0, std::min(held_.find_first_not_of(kBlanks), held_.size()));
    if (held_.empty()) return pieces;
    state_ = State::answer;
  }
  pieces.text = std::exchange(held_, {});
  return pieces;
}

ReasoningSplitter::Pieces ReasoningSplitter::finish() {
  Pieces pieces;
  (state_ == State::inside ? pieces.reasoning : pieces.text) = std::exchange(held_, {});
  if (state_ == State::before) state_ = State::answer;
  return pieces;
}

}  // namespace helicon::text
