// helicon quantize: a model as a GGUF file of another type.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <system_error>

#include "convert/quantize_model.h"
#include "interrupt.h"
#include "model_argument.h"
#include "output.h"
#include "progress.h"
#include "verbs.h"

namespace helicon::apps {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model;
  std::string target;
  std::string type;
  int threads = 0;
  bool eyes = false;
  bool force = false;
  bool json = false;
};

std::string type_help() {
  std::string help = "what matrices become:";
  for (const convert::QuantizeType& type : convert::kQuantizeTypes)
    help += fmt::format("\n{} ({})", type.name, type.what);
  return help;
}

Result<const convert::QuantizeType*> find_type(const std::string& name) {
  if (const convert::QuantizeType* type = convert::find_quantize_type(name)) return type;
  std::string all;
  for (const convert::QuantizeType& type : convert::kQuantizeTypes)
    all += fmt::format("{}{}", all.empty() ? "" : ", ", type.name);
  return Error{ErrorCode::invalid_argument, fmt::format("--type: '{}' is none of {}", name, all)};
}

Status check_target(const Options& options, const fs::path& source) {
  if (options.target.empty())
    return Error{ErrorCode::invalid_argument, "OUT is empty; a file's name is needed"};
  std::error_code error;
  if (!fs::exists(options.target, error)) return ok_status();
  if (fs::equivalent(options.target, source, error))
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} is the model itself", options.target)};
  if (fs::is_directory(options.target, error))
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} is a folder; a file's name is needed", options.target)};
  // Renaming over a device or a pipe would replace it by a file.
  if (!fs::is_regular_file(options.target, error))
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} is no regular file; a file's name is needed", options.target)};
  const fs::path folder = fs::absolute(options.target, error).parent_path();
  if (fs::is_directory(source, error) && fs::equivalent(folder, source, error))
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{} is a file of the model itself", options.target)};
  if (options.force) return ok_status();
  return Error{ErrorCode::invalid_argument,
               fmt::format("{} is there already; --force replaces it", options.target)};
}

Status quantize(const Options& options) {
  HELICON_ASSIGN(const convert::QuantizeType* const type, find_type(options.type));
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const ModelArgument model, find_model(*catalog, options.model));
  HELICON_TRY(check_target(options, model.path));
  HELICON_ASSIGN(auto source, weights::ModelFile::open(model.path));

  std::stop_source stop;
  const OnInterrupt interrupt([&stop] { stop.request_stop(); });
  ShownProgress shown(model.name, options.json);
  convert::QuantizeOptions quantizing;
  quantizing.threads = options.threads;
  quantizing.eyes = options.eyes;
  quantizing.stop = stop.get_token();
  quantizing.on_progress = [&](uint64_t done, uint64_t all) {
    shown.show({.done = done, .total = all, .rate = 0, .stage = "quantizing"});
  };
  auto report =
      convert::quantize_model(std::move(source), model.path, options.target, *type, quantizing);
  shown.end();
  if (!report.ok()) {
    Error error = std::move(report).error();
    if (!error.message.starts_with(options.target))
      error.message = fmt::format("{}: {}", options.model, error.message);
    return error;
  }
  if (report->left_out > 0)
    note(
        fmt::format("{} tensors are left out: GGUF keeps eyes and ears in a file of their own, "
                    "which is not written yet",
                    report->left_out));
  if (report->widened > 0)
    note(fmt::format("{} matrices have rows that are no multiple of {}'s blocks, and more bits",
                     report->widened, type->name));
  if (options.json)
    return print(boost::json::serialize(boost::json::object{{"path", options.target},
                                                            {"type", type->name},
                                                            {"bytes", report->bytes},
                                                            {"left_out", report->left_out},
                                                            {"widened", report->widened}}) +
                 "\n");
  return print(
      fmt::format("{} ({})\n", options.target, readable_bytes(static_cast<double>(report->bytes))));
}

}  // namespace

void add_quantize(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("quantize", "Write a model as a GGUF file, smaller or as it is");
  verb->add_option("MODEL", options->model, model_help)->required();
  verb->add_option("OUT", options->target, "the file to write, NAME.gguf")->required();
  verb->add_option("--type", options->type, type_help())->required();
  verb->add_option("--threads", options->threads, "instead of one for each physical core")
      ->check(CLI::Range(1, 1024));
  verb->add_flag("--eyes", options->eyes,
                 "write the model's eyes instead: an mmproj file, which is looked for beside the "
                 "model's as mmproj-NAME.gguf");
  verb->add_flag("--force", options->force, "replace OUT if it is there");
  verb->add_flag("--json", options->json, "progress and result as lines of JSON");
  verb->callback([options, &exit_code] { exit_code = exit_code_of(quantize(*options)); });
}

}  // namespace helicon::apps
