// helicon: the command line. Each verb is a file of this folder and a line of the table below.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <clocale>
#include <exception>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/suggest.h"
#include "output.h"
#include "verbs.h"

namespace helicon::apps {
namespace {

using AddVerb = void (*)(CLI::App&, int&);
constexpr AddVerb verbs[] = {
    add_run,       // talk to a model
    add_serve,     // for browsers and programs
    add_pull,      // fetch a model
    add_ls,        // which models there are
    add_rm,        // remove one
    add_show,      // what is in one
    add_quantize,  // write one as another type
    add_tokenize,  // measuring: text to ids
    add_template,  // measuring: messages to prompt
    add_logits,    // measuring: ids to logits
    add_bench,     // measuring: speed
    add_eval,      // and how much is right
};

constexpr int usage_error = 2;

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// What the user can do about a command line that does not parse, in one line.
std::string explain(const CLI::App& app, const CLI::ParseError& error,
                    const std::vector<std::string>& arguments) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    if (arguments.empty()) return "no command given; `helicon --help` lists them";
    const std::string& word = arguments.front();
    if (word.starts_with('-')) {
      return fmt::format("unknown option '{}'{}", word, suggestion(word, option_names(app)));
    }
    return fmt::format("unknown command '{}'{}; `helicon --help` lists them", word,
                       suggestion(word, verb_names(app)));
  }
  const CLI::App& verb = *chosen.front();
  const std::vector<std::string> unexpected = app.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !unexpected.empty()) {
    // "--temprature=1": the name alone is compared.
    const std::string word = unexpected.front().substr(0, unexpected.front().find('='));
    return fmt::format("{}: unexpected argument '{}'{}", verb.get_name(), word,
                       suggestion(word, option_names(verb)));
  }
  return fmt::format("{}: {}; see `helicon {} --help`", verb.get_name(), error.what(),
                     verb.get_name());
}

int run_command_line(int argc, char** argv) {
  CLI::App app{"Helicon: a language model of your own, on your own processor."};
  app.name("helicon");
  app.set_version_flag("--version", std::string("helicon ") + HELICON_VERSION);
  app.require_subcommand(1);
  int exit_code = 0;
  for (const AddVerb add_verb : verbs) add_verb(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    note(explain(app, error, arguments));
    return usage_error;
  }
  return exit_code;
}

}  // namespace
}  // namespace helicon::apps

int main(int argc, char** argv) {
  // A closed socket or pipe is an error value where it happens; print() ends the process for a
  // closed standard output.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // and so is a file larger than the user's limit
  // Only the character type: numbers keep their points whatever the user's language.
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
  if (const auto status = helicon::set_up_log("warning"); !status.ok()) {
    return helicon::apps::fail(status.error());
  }
  try {
    return helicon::apps::run_command_line(argc, argv);
  } catch (const std::exception& exception) {
    return helicon::apps::fail(
        {helicon::ErrorCode::internal, fmt::format("internal error: {}", exception.what())});
  }
}
