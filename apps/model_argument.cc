#include "model_argument.h"

#include <fmt/format.h>

#include <system_error>
#include <vector>

#include "base/suggest.h"

namespace helicon::apps {
namespace {

bool looks_like_path(const std::string& model) {
  return model.find('/') != std::string::npos || model.ends_with(".gguf");
}

}  // namespace

Result<std::unique_ptr<const catalog::Catalog>> open_catalog() {
  HELICON_ASSIGN(catalog::Options options, catalog::default_options());
  return std::make_unique<const catalog::Catalog>(std::move(options));
}

Result<ModelArgument> find_model(const catalog::Catalog& catalog, const std::string& model) {
  auto path = catalog.resolve(model);
  if (!path.ok()) {
    const bool unknown = path.error().code == ErrorCode::not_found && !looks_like_path(model) &&
                         catalog.find(model) == nullptr;
    return unknown ? unknown_model(catalog, model) : std::move(path).error();
  }
  ModelArgument found;
  found.entry = catalog.find(model);
  found.name = looks_like_path(model) ? path->stem().string() : model;
  found.path = std::move(path).value();
  return found;
}

uint64_t partial_bytes(const catalog::Catalog& catalog, const std::string& name) {
  std::error_code missing;
  const auto bytes =
      std::filesystem::file_size(catalog.folder() / (name + ".gguf.partial"), missing);
  return missing ? 0 : bytes;
}

Error unknown_model(const catalog::Catalog& catalog, const std::string& name) {
  if (catalog.find(name))
    return {
        ErrorCode::not_found,
        fmt::format("the model '{0}' is not on this machine; `helicon pull {0}` fetches it", name)};
  std::vector<std::string> names;
  for (const catalog::Entry& entry : catalog.list()) names.push_back(entry.name);
  if (const auto installed = catalog.installed(); installed.ok()) {
    for (const catalog::Installed& model : *installed) names.push_back(model.name);
  }
  return {ErrorCode::not_found,
          fmt::format("no model '{}'{} (`helicon ls` lists them)", name, suggestion(name, names))};
}

}  // namespace helicon::apps
