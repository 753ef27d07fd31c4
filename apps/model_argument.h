// MODEL as people give it: a catalog name or the path of a .gguf file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"

namespace helicon::apps {

inline constexpr const char* model_help =
    "a name that `helicon ls` lists, a .gguf file, or a folder of config.json and *.safetensors";

// The catalog of this user. Errors: those of catalog::default_options().
Result<std::unique_ptr<const catalog::Catalog>> open_catalog();

struct ModelArgument {
  std::string name;  // as it is shown: the catalog's, or the file's without .gguf
  std::filesystem::path path;
  const catalog::Entry* entry = nullptr;  // where the catalog knows it; lives as long as that
};

// Error: not_found, with the nearest name, or the command that fetches it.
Result<ModelArgument> find_model(const catalog::Catalog& catalog, const std::string& model);

// What a pull that did not end has left of a model, in bytes.
uint64_t partial_bytes(const catalog::Catalog& catalog, const std::string& name);

// not_found for a name that no catalog and no folder has, with the nearest one that does.
Error unknown_model(const catalog::Catalog& catalog, const std::string& name);

}  // namespace helicon::apps
