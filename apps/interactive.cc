#include "interactive.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/paths.h"
#include "base/suggest.h"
#include "input.h"
#include "interrupt.h"
#include "line_editor.h"
#include "media_in.h"
#include "model_summary.h"
#include "multi_line.h"
#include "output.h"
#include "text/marker.h"
#include "weights/model_file.h"

namespace helicon::apps {
namespace {

using text::trimmed;

// The first word, and what follows it.
std::pair<std::string_view, std::string_view> split_word(std::string_view text) {
  text = trimmed(text);
  const size_t end = text.find_first_of(" \t\n");
  if (end == std::string_view::npos) return {text, {}};
  return {text.substr(0, end), trimmed(text.substr(end))};
}

class Session {
 public:
  Session(Conversation& conversation, const ModelArgument& model, bool figures)
      : conversation_(conversation), model_(model), figures_(figures) {}

  Status run(LineEditor& editor);

 private:
  struct Command {
    std::string_view name;
    std::string_view arguments;
    std::string_view meaning;
    Status (Session::*act)(std::string_view arguments);
  };
  static const std::array<Command, 9> commands;

  Status say(std::string_view text) { return print(printable(text) + "\n"); }
  Status act_on(const std::string& message, bool quoted);
  Status command(std::string_view line);
  Status ask(const std::string& question);

  Status help(std::string_view);
  Status clear(std::string_view);
  Status system(std::string_view text);
  Status attach(chat::MediumKind kind, std::string_view path);
  Status image(std::string_view path) { return attach(chat::MediumKind::picture, path); }
  Status video(std::string_view path) { return attach(chat::MediumKind::film, path); }
  Status audio(std::string_view path) { return attach(chat::MediumKind::sound, path); }
  Status set(std::string_view arguments);
  Status show(std::string_view);
  Status bye(std::string_view);

  Conversation& conversation_;
  const ModelArgument& model_;
  bool figures_;
  bool over_ = false;
};

const std::array<Session::Command, 9> Session::commands = {{
    {"/help", "", "this list", &Session::help},
    {"/clear", "", "forget what was said", &Session::clear},
    {"/system", "[TEXT|none]", "tell the model who it is, or show what it was told",
     &Session::system},
    {"/image", "FILE", "a picture for the next question", &Session::image},
    {"/video", "FILE", "a film", &Session::video},
    {"/audio", "FILE", "a sound", &Session::audio},
    {"/set", "[NAME VALUE]", "change how answers are drawn, or show it", &Session::set},
    {"/show", "", "what is in the model's file", &Session::show},
    {"/bye", "", "end; Ctrl-D does the same", &Session::bye},
}};

Status Session::run(LineEditor& editor) {
  // For the whole session: a Ctrl-C that comes just after the last word must not end the program.
  const OnInterrupt interrupt([this] { conversation_.cancel(); });
  MultiLine message;
  std::string typed;  // the message with its quotes and backslashes, as the history keeps it
  while (!over_) {
    const TypedLine line = editor.read(typed.empty() ? ">>> " : "... ");
    if (line.kind == TypedLine::Kind::end && typed.empty()) return ok_status();
    if (line.kind != TypedLine::Kind::text) {
      if (typed.empty()) HELICON_TRY(say("Ctrl-D or /bye ends; Ctrl-C stops an answer."));
      message.take();
      typed.clear();
      continue;
    }
    typed += (typed.empty() ? "" : "\n") + line.text;
    if (!message.add(line.text)) continue;
    const bool quoted = message.quoted();
    const std::string text = message.take();
    if (!trimmed(typed).empty()) editor.remember(typed);
    typed.clear();
    const Status status = act_on(text, quoted);
    if (status.ok()) continue;
    if (status.error().code == ErrorCode::io || status.error().code == ErrorCode::no_space) {
      return status;
    }
    fail(status.error());
  }
  return ok_status();
}

Status Session::act_on(const std::string& message, bool quoted) {
  if (trimmed(message).empty()) return ok_status();
  HELICON_TRY(check_utf8(message, "the message"));
  return !quoted && message.starts_with('/') ? command(message) : ask(message);
}

Status Session::command(std::string_view line) {
  const auto [name, arguments] = split_word(line);
  std::vector<std::string> names;
  for (const Command& known : commands) {
    if (known.name == name) return (this->*known.act)(arguments);
    names.emplace_back(known.name);
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("no command '{}'{}; /help lists them, and a message that begins with a "
                           "slash goes between \"\"\"",
                           name, suggestion(name, names))};
}

Status Session::ask(const std::string& question) {
  bool line_open = false;
  auto answer = conversation_.ask(question, [&line_open](std::string_view text) {
    line_open = !text.ends_with('\n');
    return print(printable(text));
  });
  if (line_open) HELICON_TRY(print("\n"));
  if (!answer.ok()) return std::move(answer).error();
  HELICON_TRY(print("\n"));
  if (answer->finish == runtime::FinishReason::length && conversation_.settings.max_tokens < 0) {
    note(fmt::format("the context of {} tokens is full; /clear begins a new conversation",
                     conversation_.model().context_length));
  }
  if (figures_) note(describe_figures(*answer));
  return ok_status();
}

Status Session::help(std::string_view) {
  std::string text;
  for (const Command& known : commands) {
    text += fmt::format("{:<21} {}\n", fmt::format("{} {}", known.name, known.arguments),
                        known.meaning);
  }
  text +=
      "\nA message of several lines goes between \"\"\" and \"\"\", or has a \\ at each line's "
      "end.\n"
      "Arrow keys bring back earlier lines, Ctrl-R searches them. Ctrl-C stops an answer.";
  return say(text);
}

Status Session::clear(std::string_view) {
  conversation_.clear();
  return say("A new conversation.");
}

Status Session::system(std::string_view text) {
  if (text.empty()) {
    return say(conversation_.system.empty() ? "no system message" : conversation_.system);
  }
  conversation_.system = text == "none" ? "" : text;
  return ok_status();
}

Status Session::attach(chat::MediumKind kind, std::string_view path) {
  const backends::ModelInfo& model = conversation_.model();
  if (!model.takes(kind))
    return Error{ErrorCode::unsupported,
                 fmt::format("{} has no {}", model.name, chat::sense_for(kind))};
  if (path.empty()) return Error{ErrorCode::invalid_argument, "which file?"};
  HELICON_ASSIGN(chat::Medium medium, open_medium(kind, std::string(path)));
  conversation_.attach(std::move(medium));
  return say("It goes with the next question.");
}

Status Session::set(std::string_view arguments) {
  const auto [name, value] = split_word(arguments);
  if (name.empty()) {
    std::string text;
    for (const Setting& setting : all_settings()) {
      text += fmt::format("{:<19} {:<8} {}\n", setting.name, setting.get(conversation_.settings),
                          setting.meaning);
    }
    text.pop_back();
    return say(text);
  }
  return change_setting(conversation_.settings, name, value);
}

Status Session::show(std::string_view) {
  HELICON_ASSIGN(const auto file, weights::ModelFile::open(model_.path));
  return print(as_text(summarize(model_, *file)));
}

Status Session::bye(std::string_view) {
  over_ = true;
  return ok_status();
}

}  // namespace

Status converse(Conversation& conversation, const ModelArgument& model, bool figures) {
  HELICON_ASSIGN(const Paths paths, find_paths());
  HELICON_ASSIGN(const auto editor, LineEditor::create(paths.config / "history"));
  HELICON_TRY(print(printable(model.name, true) + ": /help lists commands, Ctrl-D ends.\n"));
  return Session(conversation, model, figures).run(*editor);
}

std::string describe_figures(const Answer& answer) {
  const runtime::Usage& usage = answer.usage;
  const auto rate = [](int tokens, double seconds) {
    return seconds > 0 ? fmt::format(", {:.1f} tokens/s", tokens / seconds) : std::string();
  };
  const int computed = usage.prompt_tokens - usage.cached_tokens;
  return fmt::format(
      "prompt {} tokens ({} cached) in {:.2f} s{}; answer {} tokens in {:.2f} s{}; "
      "seed {}",
      usage.prompt_tokens, usage.cached_tokens, usage.prefill_seconds,
      rate(computed, usage.prefill_seconds), usage.completion_tokens, usage.decode_seconds,
      rate(usage.completion_tokens, usage.decode_seconds), answer.seed);
}

}  // namespace helicon::apps
