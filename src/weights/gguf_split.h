// Models split into several GGUF files: NAME-00001-of-00003.gguf and so on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/result.h"
#include "weights/model_file.h"

namespace helicon::weights {

struct Split {
  uint64_t index = 0;    // of this part, from 0
  uint64_t count = 0;    // of parts, at least 2
  uint64_t tensors = 0;  // in all parts together
};

// What the keys split.no, split.count and split.tensors.count say; nothing for a model in one file.
// Errors: corrupt, naming the key.
Result<std::optional<Split>> split_of(const Metadata& metadata);

// The path of part `index` (from 0) of `count`, given that of another part. Errors: corrupt, if
// that is not named as a part of so many.
Result<std::filesystem::path> part_path(const std::filesystem::path& other, uint64_t index,
                                        uint64_t count);

}  // namespace helicon::weights
