#include "line_editor.h"

#include <histedit.h>
#include <signal.h>

#include <cstdio>
#include <string_view>
#include <utility>

#include "history_file.h"
#include "output.h"

namespace helicon::apps {
namespace {

constexpr int remembered_lines = 1000;

// Keys that libedit knows otherwise or not at all: Delete, Home and End in their two forms, Ctrl
// and Alt with left and right.
struct KeyBinding {
  const char* keys;
  const char* command;
};
constexpr KeyBinding bindings[] = {
    {"^C", "helicon-interrupt"},  {"^Z", "helicon-suspend"},         {"\\e[200~", "helicon-paste"},
    {"^R", "em-inc-search-prev"}, {"\\e[3~", "ed-delete-next-char"}, {"\\e[H", "ed-move-to-beg"},
    {"\\e[1~", "ed-move-to-beg"}, {"\\e[F", "ed-move-to-end"},       {"\\e[4~", "ed-move-to-end"},
    {"\\e[1;5D", "ed-prev-word"}, {"\\e[1;5C", "em-next-word"},      {"\\e[1;3D", "ed-prev-word"},
    {"\\e[1;3C", "em-next-word"},
};

// Terminals that know bracketed paste put these around pasted text; others ignore them.
constexpr const char* paste_marks_on = "\x1b[?2004h";
constexpr const char* paste_marks_off = "\x1b[?2004l";
constexpr std::wstring_view paste_end = L"\x1b[201~";

}  // namespace

struct LineEditor::State {
  EditLine* editor = nullptr;
  History* history = nullptr;
  FILE* screen = nullptr;
  std::filesystem::path history_file;
  std::string prompt;
  bool interrupted = false;

  ~State() {
    if (editor != nullptr) el_end(editor);
    if (history != nullptr) history_end(history);
  }

  static State& of(EditLine* editor) {
    State* state = nullptr;
    el_get(editor, EL_CLIENTDATA, &state);
    return *state;
  }

  static const char* show_prompt(EditLine* editor) { return of(editor).prompt.c_str(); }

  static unsigned char interrupt(EditLine* editor, int) {
    of(editor).interrupted = true;
    return CC_EOF;
  }

  static unsigned char suspend(EditLine* editor, int) {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    struct sigaction ours = {};
    el_set(editor, EL_PREP_TERM, 0);
    ::sigaction(SIGTSTP, &standard, &ours);
    ::raise(SIGTSTP);
    ::sigaction(SIGTSTP, &ours, nullptr);
    el_set(editor, EL_PREP_TERM, 1);
    return CC_REDISPLAY;
  }

  // Takes pasted text as it is: its line breaks are text, not the end of the line.
  static unsigned char paste(EditLine* editor, int) {
    std::wstring pasted;
    wchar_t character = 0;
    while (!pasted.ends_with(paste_end) && el_wgetc(editor, &character) == 1) {
      pasted += character == L'\r' ? L'\n' : character;
    }
    if (pasted.ends_with(paste_end)) pasted.resize(pasted.size() - paste_end.size());
    if (!pasted.empty()) el_winsertstr(editor, pasted.c_str());
    return CC_REFRESH;
  }
};

LineEditor::LineEditor(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineEditor::~LineEditor() = default;

Result<std::unique_ptr<LineEditor>> LineEditor::create(std::filesystem::path history_file) {
  auto state = std::make_unique<State>();
  state->history_file = std::move(history_file);
  state->screen = output_is_terminal() ? stdout : stderr;
  state->editor = el_init("helicon", stdin, state->screen, stderr);
  state->history = history_init();
  if (state->editor == nullptr || state->history == nullptr) {
    return Error{ErrorCode::internal, "this terminal cannot be set up for typing"};
  }
  HistEvent event;
  history(state->history, &event, H_SETSIZE, remembered_lines);
  history(state->history, &event, H_SETUNIQUE, 1);  // not the same line twice in a row
  for (const std::string& entry : load_history(state->history_file, remembered_lines)) {
    history(state->history, &event, H_ENTER, entry.c_str());
  }

  EditLine* editor = state->editor;
  el_set(editor, EL_CLIENTDATA, state.get());
  el_set(editor, EL_PROMPT, &State::show_prompt);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_SIGNAL, 1);  // whatever ends the program gives the terminal back first
  el_set(editor, EL_HIST, history, state->history);
  el_set(editor, EL_ADDFN, "helicon-interrupt", "Drop the line", &State::interrupt);
  el_set(editor, EL_ADDFN, "helicon-suspend", "Stop the program", &State::suspend);
  el_set(editor, EL_ADDFN, "helicon-paste", "Insert pasted text", &State::paste);
  for (const KeyBinding& binding : bindings) {
    el_set(editor, EL_BIND, binding.keys, binding.command, nullptr);
  }
  // While a line is edited ("-d"), Ctrl-C and Ctrl-Z are keys like others and not signals.
  el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
  return std::unique_ptr<LineEditor>(new LineEditor(std::move(state)));
}

TypedLine LineEditor::read(const std::string& prompt) {
  state_->prompt = prompt;
  state_->interrupted = false;
  std::fputs(paste_marks_on, state_->screen);
  // Otherwise it would be so only after the prompt, and what is typed at once would be lost.
  el_set(state_->editor, EL_PREP_TERM, 1);
  int length = 0;
  const char* line = el_gets(state_->editor, &length);
  if (line == nullptr) std::fputs("\n", state_->screen);
  std::fputs(paste_marks_off, state_->screen);
  std::fflush(state_->screen);
  if (state_->interrupted) return {.kind = TypedLine::Kind::interrupted, .text = {}};
  if (line == nullptr || length <= 0) return {};
  std::string text(line, static_cast<size_t>(length));
  if (text.ends_with('\n')) text.pop_back();
  return {.kind = TypedLine::Kind::text, .text = std::move(text)};
}

void LineEditor::remember(const std::string& text) {
  HistEvent event;
  history(state_->history, &event, H_ENTER, text.c_str());
  append_history(state_->history_file, text);
}

}  // namespace helicon::apps
