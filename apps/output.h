// Standard output and standard error as the verbs use them: whole writes, one-line errors.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace helicon::apps {

// Writes all of `text` to standard output at once, past any buffer. A reader that has gone away
// (`| head`) ends the process the way it ends every program, by SIGPIPE. Errors: io, no_space.
Status print(std::string_view text);

// "helicon: MESSAGE" on standard error; returns the exit code, 1.
int fail(const Error& error);
// The same for what is not an error.
void note(std::string_view message);

// A status as the exit code, reported by fail() where it is an error.
int exit_code_of(const Status& status);

// A line on standard error for as long as an object of this lives, where that is a terminal.
class PassingNote {
 public:
  explicit PassingNote(std::string_view message);
  ~PassingNote();
  PassingNote(const PassingNote&) = delete;
  PassingNote& operator=(const PassingNote&) = delete;

 private:
  bool shown_;
};

bool output_is_terminal();
bool input_is_terminal();

// `text` with control characters shown as symbols: what a model or a file says must not steer the
// terminal. Line breaks and tabs stay unless `one_line` is set.
std::string printable(std::string_view text, bool one_line = false);

// "1.1 GB", "98 MB"; decimal, as shops and hubs count.
std::string readable_bytes(double bytes);

}  // namespace helicon::apps
