// Architectures by name and format: each recipe turns a file's metadata into a DecoderConfig. A new
// one is one file and one line in recipe.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "models/config.h"
#include "weights/model_file.h"

namespace helicon::models {

enum class Format { gguf, folder };

struct Recipe {
  Format format;
  std::string_view architecture;  // as that format names it
  Result<DecoderConfig> (*configure)(const weights::ModelFile& file);
};

// The file's architecture, as config. Errors: corrupt (missing or impossible numbers), unsupported
// (an architecture or feature that is not known, named).
Result<DecoderConfig> configure(const weights::ModelFile& file);

// Errors: unsupported, for a drafter, which is no model of its own.
Status check_answers(const weights::ModelFile& file);

// "llama, qwen2, gemma3, …": those that are known in files of the format.
std::string known_architectures(Format format);

Result<DecoderConfig> configure_llama(const weights::ModelFile& file);
Result<DecoderConfig> configure_qwen2(const weights::ModelFile& file);
Result<DecoderConfig> configure_gemma3(const weights::ModelFile& file);
Result<DecoderConfig> configure_qwen3(const weights::ModelFile& file);
Result<DecoderConfig> configure_qwen3_folder(const weights::ModelFile& file);
Result<DecoderConfig> configure_qwen3_moe(const weights::ModelFile& file);
Result<DecoderConfig> configure_qwen3_moe_folder(const weights::ModelFile& file);
Result<DecoderConfig> configure_muse_glimmer(const weights::ModelFile& file);
Result<DecoderConfig> configure_muse_glimmer_folder(const weights::ModelFile& file);
Result<DecoderConfig> configure_muse_spark_folder(const weights::ModelFile& file);

}  // namespace helicon::models
