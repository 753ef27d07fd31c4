// Architectures by name: each recipe turns a file's metadata into a DecoderConfig. A new one is one
// file and one line in recipe.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "models/config.h"
#include "weights/model_file.h"

namespace helicon::models {

struct Recipe {
  std::string_view architecture;
  Result<DecoderConfig> (*configure)(const weights::ModelFile& file);
};

// The file's architecture, as config. Errors: corrupt (missing or impossible numbers), unsupported
// (an architecture or feature that is not known, named).
Result<DecoderConfig> configure(const weights::ModelFile& file);

// "llama, qwen2, gemma3"
std::string known_architectures();

Result<DecoderConfig> configure_llama(const weights::ModelFile& file);
Result<DecoderConfig> configure_qwen2(const weights::ModelFile& file);
Result<DecoderConfig> configure_gemma3(const weights::ModelFile& file);

}  // namespace helicon::models
