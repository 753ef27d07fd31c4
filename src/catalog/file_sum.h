// The SHA-256 of an installed file, kept beside it for as long as the file does not change.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace helicon::catalog {

// Where it is kept: FILE.sum, one line "SHA256 SIZE TIME", size in bytes and time of the last
// change in nanoseconds since 1970.
std::filesystem::path sum_path(const std::filesystem::path& file);

// What was kept of it; nothing where that was of other bytes: the size or the time of the last
// change is another one.
std::optional<std::string> known_sum(const std::filesystem::path& file);

// Keeps `sum` as that of the file as it is now. A folder that cannot be written to costs the next
// one who asks a reading of the file, and is no error.
void keep_sum(const std::filesystem::path& file, const std::string& sum);

// Reads the whole file, and keeps what came of it. `progress` gets the bytes read so far.
// Errors: io, cancelled.
Result<std::string> read_sum(const std::filesystem::path& file,
                             const std::function<void(std::uint64_t)>& progress,
                             std::stop_token stop);

}  // namespace helicon::catalog
