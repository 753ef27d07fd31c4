#include "weights/gguf_split.h"

#include <fmt/format.h>

#include <algorithm>

namespace helicon::weights {

Result<std::optional<Split>> split_of(const Metadata& metadata) {
  if (!metadata.contains("split.count")) return std::optional<Split>();
  Split split;
  HELICON_ASSIGN(split.count, metadata.unsigned_integer("split.count"));
  if (split.count <= 1) return std::optional<Split>();
  HELICON_ASSIGN(split.index, metadata.unsigned_integer("split.no"));
  HELICON_ASSIGN(split.tensors, metadata.unsigned_integer("split.tensors.count"));
  if (split.index >= split.count) {
    return Error{ErrorCode::corrupt,
                 fmt::format("metadata key 'split.no' is {} of {} parts, counted from 0",
                             split.index, split.count),
                 {}};
  }
  return std::optional<Split>(split);
}

Result<std::filesystem::path> part_path(const std::filesystem::path& other, uint64_t index,
                                        uint64_t count) {
  const std::string name = other.filename().string();
  const std::string ending = fmt::format("-of-{:05}.gguf", count);
  constexpr size_t digits = 5;
  const size_t tail = 1 + digits + ending.size();  // "-00001" + ending
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const size_t number = name.size() - std::min(name.size(), digits + ending.size());
  if (name.size() <= tail || !name.ends_with(ending) || name[number - 1] != '-' ||
      !std::all_of(name.begin() + static_cast<std::ptrdiff_t>(number),
                   name.begin() + static_cast<std::ptrdiff_t>(number + digits), is_digit)) {
    return Error{ErrorCode::corrupt,
                 fmt::format("{}: one of {} parts, so its name must end in -NNNNN{}",
                             other.string(), count, ending),
                 {}};
  }
  return other.parent_path() /
         fmt::format("{}{:05}{}", std::string_view(name).substr(0, number), index + 1, ending);
}

}  // namespace helicon::weights
