// --speculation and --draft: how an answer is guessed ahead.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "backends/local_model.h"
#include "base/result.h"
#include "catalog/catalog.h"

namespace helicon::apps {

struct SpeculationArguments {
  std::string mode = "auto";
  std::string draft = {};  // a model as people give it; empty: none
};

void add_speculation(CLI::App& verb, SpeculationArguments& arguments);

// Error: not_found, as find_model has it.
Status apply(const SpeculationArguments& arguments, const catalog::Catalog& catalog,
             backends::LocalModelOptions& options);

}  // namespace helicon::apps
