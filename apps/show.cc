// helicon show: what is in a model's file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "model_argument.h"
#include "model_summary.h"
#include "output.h"
#include "verbs.h"
#include "weights/model_file.h"

namespace helicon::apps {
namespace {

struct Options {
  std::string model;
  bool json = false;
  bool chat_template = false;
};

Status show(const Options& options) {
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const ModelArgument model, find_model(*catalog, options.model));
  HELICON_ASSIGN(const auto file, weights::ModelFile::open(model.path));
  if (options.chat_template) {
    if (!file->metadata().contains("tokenizer.chat_template")) {
      return Error{ErrorCode::not_found, fmt::format("{}: no chat template in it", model.name)};
    }
    HELICON_ASSIGN(const std::string source, file->metadata().string("tokenizer.chat_template"));
    return print(output_is_terminal() ? printable(source) + "\n" : source);
  }
  const ModelSummary summary = summarize(model, *file);
  return print(options.json ? as_json(summary) : as_text(summary));
}

}  // namespace

void add_show(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("show", "Show what is in a model's file");
  verb->add_option("MODEL", options->model, model_help)->required();
  verb->add_flag("--json", options->json, "as JSON");
  verb->add_flag("--template", options->chat_template, "print the chat template alone");
  verb->callback([options, &exit_code] { exit_code = exit_code_of(show(*options)); });
}

}  // namespace helicon::apps
