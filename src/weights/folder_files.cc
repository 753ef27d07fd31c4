#include "weights/folder_files.h"

#include <fmt/format.h>

#include <span>
#include <utility>

namespace helicon::weights {

namespace fs = std::filesystem;

Error file_error(ErrorCode code, const fs::path& path, std::string_view problem) {
  return {code, fmt::format("{}: {}", path.string(), problem), {}};
}

bool is_there(const fs::path& path) {
  std::error_code failure;
  return fs::exists(path, failure);
}

Result<std::string> read_text(const fs::path& path, size_t most_bytes, FolderFiles& files) {
  HELICON_ASSIGN(auto file, MappedFile::open(path));
  const std::span<const std::byte> bytes = file->bytes();
  if (bytes.size() > most_bytes)
    return file_error(ErrorCode::too_large, path,
                      fmt::format("has {} bytes, at most {} are read", bytes.size(), most_bytes));
  // A copy: the file may change under us.
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  files.push_back(std::move(file));
  return text;
}

Result<boost::json::object> read_json(const fs::path& path, size_t most_bytes, FolderFiles& files,
                                      const JsonLimits& limits) {
  HELICON_ASSIGN(const std::string text, read_text(path, most_bytes, files));
  return parse_json_object(text, path.string(), limits);
}

}  // namespace helicon::weights
