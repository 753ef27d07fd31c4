// The files of a model folder: read whole, within bounds, and kept mapped, so that the model's
// identity has them.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"
#include "weights/json_document.h"

namespace helicon::weights {

using FolderFiles = std::vector<std::unique_ptr<const MappedFile>>;

// "PATH: problem"
Error file_error(ErrorCode code, const std::filesystem::path& path, std::string_view problem);

bool is_there(const std::filesystem::path& path);

// Errors: those of MappedFile::open; too_large.
Result<std::string> read_text(const std::filesystem::path& path, size_t most_bytes,
                              FolderFiles& files);
// The same of an object; and those of parse_json_object.
Result<boost::json::object> read_json(const std::filesystem::path& path, size_t most_bytes,
                                      FolderFiles& files, const JsonLimits& limits = {});

}  // namespace helicon::weights
