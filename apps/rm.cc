// helicon rm: deletes models from the models folder, by name.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "model_argument.h"
#include "output.h"
#include "packed_folder.h"
#include "verbs.h"
#include "weights/packed_file.h"

namespace helicon::apps {
namespace {

Status remove(const std::vector<std::string>& names) {
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const std::filesystem::path packed, packed_folder());
  for (const std::string& name : names) HELICON_TRY(catalog->remove(name));
  weights::sweep_packed(packed);
  return ok_status();
}

}  // namespace

void add_rm(CLI::App& app, int& exit_code) {
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* verb = app.add_subcommand("rm", "Delete models from this machine");
  verb->add_option("NAME", *names, "names that `helicon ls` lists")->required();
  verb->callback([names, &exit_code] { exit_code = exit_code_of(remove(*names)); });
}

}  // namespace helicon::apps
