// helicon ls: which models there are, here and to be had.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "model_argument.h"
#include "output.h"
#include "verbs.h"
#include "weights/model_file.h"

namespace helicon::apps {
namespace {

struct Row {
  std::string name;
  uint64_t bytes = 0;
  uint64_t partial_bytes = 0;             // of a pull that did not end
  std::string path;                       // empty: not here
  bool damaged = false;                   // here, and no model can be opened from it
  const catalog::Entry* entry = nullptr;  // where the catalog knows it
};

// What a load would find out at once; bytes that changed in place only a pull finds.
bool can_be_opened(const std::filesystem::path& path) {
  const auto file = weights::ModelFile::open(path);
  return file.ok() || file.error().code == ErrorCode::unsupported;
}

// The catalog's models in its order, then the files the user put into the folder.
Result<std::vector<Row>> collect(const catalog::Catalog& catalog) {
  HELICON_ASSIGN(const auto installed, catalog.installed());
  std::vector<Row> rows;
  for (const catalog::Entry& entry : catalog.list()) {
    Row row{.name = entry.name, .bytes = entry.bytes, .path = {}, .entry = &entry};
    row.partial_bytes = partial_bytes(catalog, entry.name);
    rows.push_back(std::move(row));
  }
  for (const catalog::Installed& model : installed) {
    auto row = std::find_if(rows.begin(), rows.end(),
                            [&](const Row& known) { return known.name == model.name; });
    if (row == rows.end()) row = rows.insert(rows.end(), Row{.name = model.name, .path = {}});
    row->bytes = model.bytes;
    row->path = model.path.string();
    row->damaged = model.damaged || !can_be_opened(model.path);
  }
  return rows;
}

std::string as_json(const std::vector<Row>& rows) {
  boost::json::array models;
  for (const Row& row : rows) {
    boost::json::object model = {{"name", row.name},
                                 {"bytes", row.bytes},
                                 {"installed", !row.path.empty()},
                                 {"damaged", row.damaged},
                                 {"partial_bytes", row.partial_bytes}};
    if (!row.path.empty()) model["path"] = row.path;
    if (row.entry != nullptr) {
      model["architecture"] = row.entry->architecture;
      model["quantisation"] = row.entry->quantisation;
      model["licence"] = row.entry->licence;
      model["context"] = row.entry->context;
      model["chat"] = row.entry->chat;
      model["purpose"] = row.entry->purpose;
      model["sha256"] = row.entry->sha256;
    }
    models.push_back(std::move(model));
  }
  return boost::json::serialize(models) + "\n";
}

std::string as_table(const std::vector<Row>& rows) {
  size_t width = 4;
  for (const Row& row : rows) width = std::max(width, row.name.size());
  std::string table =
      fmt::format("{:<{}}  {:>7}  {:<7}  {}\n", "NAME", width, "SIZE", "HERE", "GOOD FOR");
  for (const Row& row : rows) {
    const int share = row.bytes == 0 ? 0 : static_cast<int>(100 * row.partial_bytes / row.bytes);
    const std::string here = row.damaged              ? "damaged"
                             : !row.path.empty()      ? "yes"
                             : row.partial_bytes == 0 ? "no"
                                                      : fmt::format("{} %", std::min(share, 99));
    table += fmt::format("{:<{}}  {:>7}  {:<7}  {}\n", printable(row.name, true), width,
                         readable_bytes(static_cast<double>(row.bytes)), here,
                         row.entry == nullptr ? "your own file" : row.entry->purpose);
  }
  return table;
}

Status list_models(bool json) {
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const auto rows, collect(*catalog));
  return print(json ? as_json(rows) : as_table(rows));
}

}  // namespace

void add_ls(CLI::App& app, int& exit_code) {
  auto json = std::make_shared<bool>(false);
  CLI::App* verb = app.add_subcommand("ls", "List the models that are here or can be pulled");
  verb->add_flag("--json", *json, "as JSON");
  verb->callback([json, &exit_code] { exit_code = exit_code_of(list_models(*json)); });
}

}  // namespace helicon::apps
