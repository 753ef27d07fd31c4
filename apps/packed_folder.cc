#include "packed_folder.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "base/paths.h"

namespace helicon::apps {

Result<std::filesystem::path> packed_folder() {
  const std::optional<std::string> keep = environment_variable("HELICON_KEEP_PACKED");
  if (keep == "no") return std::filesystem::path();
  if (keep && keep != "yes")
    return Error{ErrorCode::invalid_argument,
                 fmt::format("HELICON_KEEP_PACKED is '{}', neither yes nor no", *keep)};
  HELICON_ASSIGN(const Paths paths, find_paths());
  return paths.cache / "packed";
}

}  // namespace helicon::apps
