#include "models/recipe.h"

#include <fmt/format.h>

namespace helicon::models {
namespace {

constexpr Recipe kRecipes[] = {
    {"llama", configure_llama},
    {"qwen2", configure_qwen2},
    {"gemma3", configure_gemma3},
};

}  // namespace

std::string known_architectures() {
  std::string names;
  for (const Recipe& recipe : kRecipes)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", recipe.architecture);
  return names;
}

Result<DecoderConfig> configure(const weights::ModelFile& file) {
  HELICON_ASSIGN(const std::string architecture, file.metadata().string("general.architecture"));
  for (const Recipe& recipe : kRecipes)
    if (recipe.architecture == architecture) return recipe.configure(file);
  return Error{ErrorCode::unsupported,
               fmt::format("architecture \"{}\" is not supported; this engine runs: {}",
                           architecture, known_architectures())};
}

}  // namespace helicon::models
