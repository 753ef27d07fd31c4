// helicon template: messages to the text a model is given, by its own chat template.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>

#include "http/json_reader.h"
#include "input.h"
#include "model_argument.h"
#include "output.h"
#include "text/chat_template.h"
#include "verbs.h"
#include "weights/model_file.h"

namespace helicon::apps {
namespace {

struct Options {
  std::string model;
  std::string input;
};

struct TemplateSource {
  std::string name;  // for messages
  std::string source;
  boost::json::object variables;  // what the model itself gives
};

// Templates write special tokens by their text: `variable` is the text of the token whose id the
// metadata has under `key`, where it has one.
Status add_token(const weights::Metadata& metadata, std::string_view key, std::string_view variable,
                 boost::json::object& variables) {
  if (!metadata.contains(key)) return ok_status();
  HELICON_ASSIGN(const uint64_t id, metadata.unsigned_integer(key));
  HELICON_ASSIGN(const auto* tokens, metadata.string_array("tokenizer.ggml.tokens"));
  if (id >= tokens->size()) {
    return Error{ErrorCode::corrupt,
                 fmt::format("{}: {} is past the {} tokens", key, id, tokens->size())};
  }
  variables[variable] = (*tokens)[id];
  return ok_status();
}

// What a model's file says of its template.
Result<TemplateSource> read_template(const weights::Metadata& metadata) {
  if (!metadata.contains("tokenizer.chat_template")) {
    return Error{ErrorCode::unsupported,
                 "no chat template in it: a base model, not one to talk to"};
  }
  TemplateSource found;
  HELICON_ASSIGN(found.source, metadata.string("tokenizer.chat_template"));
  HELICON_TRY(add_token(metadata, "tokenizer.ggml.bos_token_id", "bos_token", found.variables));
  HELICON_TRY(add_token(metadata, "tokenizer.ggml.eos_token_id", "eos_token", found.variables));
  return found;
}

Result<TemplateSource> find_template(const std::string& argument) {
  if (argument.ends_with(".jinja")) {
    HELICON_ASSIGN(std::string source, read_input(argument));
    return TemplateSource{argument, std::move(source), {}};
  }
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const ModelArgument model, find_model(*catalog, argument));
  HELICON_ASSIGN(const auto file, weights::ModelFile::open(model.path));
  auto found = read_template(file->metadata());
  if (!found.ok()) return in(model.name, found.error());
  found->name = model.name;
  return found;
}

Status render(const Options& options) {
  HELICON_ASSIGN(TemplateSource found, find_template(options.model));
  HELICON_ASSIGN(const std::string text, read_input(options.input));
  const std::string input = options.input == "-" ? "standard input" : options.input;
  const auto parsed = http::parse_json(text);
  if (!parsed.ok()) return in(input, parsed.error());
  if (!parsed->is_object()) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{}: must be a JSON object, not {}", input, http::kind_of(*parsed))};
  }
  for (const auto& [key, value] : parsed->get_object())
    found.variables.insert_or_assign(key, value);
  const auto compiled = text::ChatTemplate::compile(found.source);
  if (!compiled.ok()) return in(found.name, compiled.error());
  const auto rendered = (*compiled)->render(found.variables);
  if (!rendered.ok()) return in(found.name, rendered.error());
  return print(*rendered);
}

}  // namespace

void add_template(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("template", "Print the prompt that a chat template makes of messages");
  verb->add_option("MODEL", options->model,
                   std::string(model_help) + ", or a template: a file that ends in .jinja")
      ->required();
  verb->add_option("--input", options->input,
                   "JSON file (or -) with messages, tools, add_generation_prompt and any further "
                   "variable of the template")
      ->required();
  verb->callback([options, &exit_code] { exit_code = exit_code_of(render(*options)); });
}

}  // namespace helicon::apps
