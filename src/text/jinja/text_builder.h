// A text under construction that may not outgrow the sandbox.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "text/jinja/sandbox.h"

namespace helicon::text::jinja {

// Past the limit it takes no more and leaves the sandbox failed.
class TextBuilder {
 public:
  explicit TextBuilder(Sandbox& sandbox) : sandbox_(sandbox) {}

  void append(std::string_view part) {
    if (is_full(part.size())) return;
    text_ += part;
  }
  void append(size_t count, char character) {
    if (is_full(count)) return;
    text_.append(count, character);
  }
  // `count` times, as Python's "-" * 3.
  void append_repeated(std::string_view part, size_t count) {
    if (part.empty()) return;
    if (count > sandbox_.limits().output_bytes || is_full(part.size() * count)) {
      static_cast<void>(sandbox_.allow_text(count));
      return;
    }
    const size_t start = text_.size(), total = part.size() * count;
    text_.reserve(start + total);
    if (count > 0) text_ += part;
    while (text_.size() - start < total) {  // twice as much each time
      const size_t done = text_.size() - start;
      text_.append(text_, start, std::min(done, total - done));
    }
  }
  std::string& text() { return text_; }
  std::string take() { return std::move(text_); }
  Sandbox& sandbox() { return sandbox_; }

 private:
  bool is_full(size_t more) {
    if (sandbox_.failed()) return true;
    // What little a text grows by is counted when it becomes a value.
    if (more < 256 && text_.size() < 4096) return false;
    return !sandbox_.allow_text(text_.size() + more).ok();
  }

  Sandbox& sandbox_;
  std::string text_;
};

}  // namespace helicon::text::jinja
