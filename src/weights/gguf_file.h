// A GGUF file, whole or split.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "weights/model_file.h"

namespace helicon::weights {

// Errors as those of ModelFile::open.
Result<std::shared_ptr<const ModelFile>> open_gguf(const std::filesystem::path& path);

}  // namespace helicon::weights
