// helicon tokenize: text to token ids, for measuring and for comparing with other tokenizers.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "input.h"
#include "model_argument.h"
#include "output.h"
#include "text/tokenizer.h"
#include "verbs.h"
#include "weights/model_file.h"

namespace helicon::apps {
namespace {

struct Options {
  std::string model;
  std::string text;
  bool has_text = false;
  bool special = false;
  bool normalize = false;
};

Status print_ids(const text::Tokenizer& tokenizer, std::string_view text,
                 text::EncodeOptions options) {
  HELICON_ASSIGN(const auto ids, tokenizer.encode(text, options));
  return print(fmt::format("[{}]\n", fmt::join(ids, ", ")));
}

// Lines of JSON strings, each answered before the next is read, so that a program can hold a
// conversation with this one.
Status tokenize_lines(const text::Tokenizer& tokenizer, text::EncodeOptions options) {
  boost::json::parse_options lenient;
  // Tokenizers are asked about broken text too; JSON can carry it only as raw bytes.
  lenient.allow_invalid_utf8 = true;
  std::string line;
  for (size_t number = 1; std::getline(std::cin, line); ++number) {
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse(line, error, {}, lenient);
    if (error || !value.is_string()) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("standard input, line {}: {}", number,
                               error ? error.message() : "not a JSON string"),
                   {}};
    }
    HELICON_TRY(print_ids(tokenizer, value.get_string(), options));
  }
  return ok_status();
}

Status tokenize(const Options& options) {
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const ModelArgument model, find_model(*catalog, options.model));
  HELICON_ASSIGN(const auto file, weights::ModelFile::open(model.path));
  const auto tokenizer = text::Tokenizer::create(file->metadata());
  if (!tokenizer.ok()) return in(model.path.string(), tokenizer.error());
  const text::EncodeOptions encode{.parse_special = options.special,
                                   .add_special = options.special,
                                   .normalize = options.normalize};
  return options.has_text ? print_ids(**tokenizer, options.text, encode)
                          : tokenize_lines(**tokenizer, encode);
}

}  // namespace

void add_tokenize(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("tokenize", "Print the token ids of a text as a JSON array");
  verb->add_option("MODEL", options->model, model_help)->required();
  CLI::Option* text = verb->add_option(
      "TEXT", options->text,
      "without it: lines of JSON strings on standard input, one array a line comes back");
  verb->add_flag("--special", options->special,
                 "parse special tokens in the text, and add those the model wants around it");
  verb->add_flag("--normalize", options->normalize,
                 "bring the text to the model's normal form first, as `run` does");
  verb->callback([options, text, &exit_code] {
    options->has_text = text->count() > 0;
    exit_code = exit_code_of(tokenize(*options));
  });
}

}  // namespace helicon::apps
