#include "speculation_options.h"

#include <map>

#include "model_argument.h"

namespace helicon::apps {
namespace {

using runtime::SpeculationMode;

const std::map<std::string, SpeculationMode> modes = {{"off", SpeculationMode::off},
                                                      {"lookup", SpeculationMode::lookup},
                                                      {"auto", SpeculationMode::automatic}};

}  // namespace

void add_speculation(CLI::App& verb, SpeculationArguments& arguments) {
  verb.add_option("--speculation", arguments.mode,
                  "check guessed tokens several at a time; the answers are the same: off, lookup "
                  "(whatever the conversation has had before), auto (only as it pays)")
      ->check(CLI::IsMember(modes))
      ->capture_default_str();
  verb.add_option(
      "--draft", arguments.draft,
      "a small model of the same vocabulary, to guess what comes, or a drafter that was "
      "made for the model");
}

Status apply(const SpeculationArguments& arguments, const catalog::Catalog& catalog,
             backends::LocalModelOptions& options) {
  options.speculation = modes.at(arguments.mode);
  if (arguments.draft.empty()) return ok_status();
  HELICON_ASSIGN(const ModelArgument draft, find_model(catalog, arguments.draft));
  options.draft = draft.path;
  return ok_status();
}

}  // namespace helicon::apps
