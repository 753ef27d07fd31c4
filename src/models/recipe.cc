#include "models/recipe.h"

#include <fmt/format.h>

#include "models/block_draft.h"
#include "weights/model_folder.h"

namespace helicon::models {
namespace {

constexpr Recipe kRecipes[] = {
    {Format::gguf, "llama", configure_llama},
    {Format::gguf, "qwen2", configure_qwen2},
    {Format::gguf, "gemma3", configure_gemma3},
    {Format::gguf, "qwen3", configure_qwen3},
    {Format::gguf, "qwen3moe", configure_qwen3_moe},
    {Format::gguf, "muse-glimmer", configure_muse_glimmer},
    {Format::folder, "qwen3", configure_qwen3_folder},
    {Format::folder, "qwen3_moe", configure_qwen3_moe_folder},
    {Format::folder, "muse_glimmer", configure_muse_glimmer_folder},
    {Format::folder, "muse_spark", configure_muse_spark_folder},
};

Format format_of(const weights::ModelFile& file) {
  const std::string key = std::string(weights::kConfigPrefix) + "model_type";
  return file.metadata().contains(key) ? Format::folder : Format::gguf;
}

}  // namespace

std::string known_architectures(Format format) {
  std::string names;
  for (const Recipe& recipe : kRecipes)
    if (recipe.format == format)
      names += fmt::format("{}{}", names.empty() ? "" : ", ", recipe.architecture);
  return names;
}

Status check_answers(const weights::ModelFile& file) {
  if (!is_block_draft(file)) return ok_status();
  return Error{ErrorCode::unsupported,
               "it is a drafter, which guesses for another model (--draft) and cannot answer"};
}

Result<DecoderConfig> configure(const weights::ModelFile& file) {
  HELICON_ASSIGN(const std::string architecture, file.metadata().string("general.architecture"));
  HELICON_TRY(check_answers(file));
  const Format format = format_of(file);
  for (const Recipe& recipe : kRecipes)
    if (recipe.format == format && recipe.architecture == architecture)
      return recipe.configure(file);
  return Error{
      ErrorCode::unsupported,
      fmt::format("architecture \"{}\" is not supported; this engine runs{}: {}", architecture,
                  format == Format::folder ? " from folders" : "", known_architectures(format))};
}

}  // namespace helicon::models
