// A model as a folder: config.json and safetensors files, whole or sharded.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "weights/model_file.h"

namespace helicon::weights {

// What the names of a folder's metadata begin with: {"text_config": {"hidden_size": 64}} becomes
// "config.text_config.hidden_size". A null is left out. An array of arrays, of objects or of
// several kinds becomes an empty one of strings: whoever asks for it finds that it is no such
// thing.
inline constexpr std::string_view kConfigPrefix = "config.";

// Opens the safetensors files that model.safetensors.index.json names, otherwise
// model.safetensors. "general.architecture" is the configuration's model_type. Errors as those of
// ModelFile::open.
Result<std::shared_ptr<const ModelFile>> open_model_folder(const std::filesystem::path& folder);

}  // namespace helicon::weights
