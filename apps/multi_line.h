// Messages of several lines: between """ and """, or with a backslash at the end of each but the
// last.
#pragma once

#include <string>
#include <string_view>

namespace helicon::apps {

class MultiLine {
 public:
  // Adds what was typed (a line, or pasted lines); true when the message is complete.
  bool add(std::string_view typed);
  // The complete message; empties this for the next one.
  std::string take();
  // The message stood between """: it is text even where it looks like a command.
  bool quoted() const { return quoted_; }

 private:
  std::string text_;
  bool open_ = false;  // within """
  bool quoted_ = false;
};

}  // namespace helicon::apps
