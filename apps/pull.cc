// helicon pull: fetches a model of the catalog, verified, going on from where an earlier pull
// ended.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>

#include "model_argument.h"
#include "output.h"
#include "pull_progress.h"
#include "verbs.h"

namespace helicon::apps {
namespace {

struct Options {
  std::string name;
  bool json = false;
  bool verify = false;
};

Status pull(const Options& options) {
  HELICON_ASSIGN(const auto catalog, open_catalog());
  if (catalog->find(options.name) == nullptr) return unknown_model(*catalog, options.name);
  HELICON_ASSIGN(const auto path, pull_with_progress(*catalog, options.name, options.json,
                                                     options.verify ? catalog::Verify::anew
                                                                    : catalog::Verify::if_changed));
  if (options.json) {
    return print(boost::json::serialize(
                     boost::json::object{{"model", options.name}, {"path", path.string()}}) +
                 "\n");
  }
  return print(path.string() + "\n");
}

}  // namespace

void add_pull(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("pull", "Fetch a model, and check that it is the right one");
  verb->add_option("NAME", options->name, "a name that `helicon ls` lists")->required();
  verb->add_flag("--verify", options->verify,
                 "read a model that is here again, though nothing says that it has changed");
  verb->add_flag("--json", options->json, "progress and result as lines of JSON");
  verb->callback([options, &exit_code] { exit_code = exit_code_of(pull(*options)); });
}

}  // namespace helicon::apps
