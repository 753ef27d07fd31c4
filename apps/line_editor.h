// Lines typed at a terminal: editing, history across sessions, pasted text in one piece.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

namespace helicon::apps {

struct TypedLine {
  enum class Kind {
    text,
    interrupted,  // Ctrl-C: the line was dropped
    end,          // Ctrl-D on an empty line, or the terminal went away
  };
  Kind kind = Kind::end;
  std::string text;  // UTF-8 without its line end; pasted text may hold line breaks
};

class LineEditor {
 public:
  // Reads from standard input, draws on standard output or, where that is no terminal, on standard
  // error. The history file is made when there is something to remember. Errors: internal.
  static Result<std::unique_ptr<LineEditor>> create(std::filesystem::path history_file);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // The terminal is in its usual mode again when this returns.
  TypedLine read(const std::string& prompt);

  // Adds to the history, in memory and in the file (see history_file.h).
  void remember(const std::string& text);

 private:
  struct State;
  explicit LineEditor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace helicon::apps
