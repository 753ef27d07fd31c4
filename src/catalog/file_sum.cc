#include "catalog/file_sum.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "base/sha256.h"

namespace helicon::catalog {
namespace {

namespace fs = std::filesystem;

// Size and time of the last change; nothing where there is no such file.
std::optional<std::string> state_of(const fs::path& file) {
  std::error_code failure;
  const std::uint64_t bytes = fs::file_size(file, failure);
  if (failure) return std::nullopt;
  const auto changed = std::chrono::file_clock::to_sys(fs::last_write_time(file, failure));
  if (failure) return std::nullopt;
  return fmt::format("{} {}", bytes, std::chrono::nanoseconds(changed.time_since_epoch()).count());
}

void keep(const fs::path& file, const std::string& sum, const std::string& state) {
  // Renamed to its place: nobody reads half a line.
  const fs::path path = sum_path(file);
  const fs::path draft = path.string() + ".new";
  std::error_code failure;
  std::ofstream stream(draft, std::ios::trunc);
  stream << sum << ' ' << state << '\n';
  stream.close();
  if (stream) fs::rename(draft, path, failure);
  if (!stream || failure) fs::remove(draft, failure);
}

}  // namespace

fs::path sum_path(const fs::path& file) { return file.string() + ".sum"; }

std::optional<std::string> known_sum(const fs::path& file) {
  std::string line;
  if (!std::getline(std::ifstream(sum_path(file)), line)) return std::nullopt;
  const std::size_t space = line.find(' ');
  if (space == std::string::npos || line.substr(space + 1) != state_of(file)) return std::nullopt;
  return line.substr(0, space);
}

void keep_sum(const fs::path& file, const std::string& sum) {
  if (const auto state = state_of(file)) keep(file, sum, *state);
}

Result<std::string> read_sum(const fs::path& file,
                             const std::function<void(std::uint64_t)>& progress,
                             std::stop_token stop) {
  // Before the reading: what is changed meanwhile will not look like what was read.
  const auto state = state_of(file);
  std::ifstream stream(file, std::ios::binary);
  std::vector<char> buffer(std::size_t{1} << 20U);
  Sha256 sum;
  std::uint64_t done = 0;
  while (stream && !stop.stop_requested()) {
    errno = 0;
    stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto count = static_cast<std::size_t>(stream.gcount());
    sum.add(std::as_bytes(std::span(buffer).first(count)));
    done += count;
    if (progress) progress(done);
  }
  if (!stream.eof()) {
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped", ""};
    return Error{ErrorCode::io,
                 fmt::format("{}: cannot read: {}", file.string(), std::strerror(errno)), ""};
  }
  std::string digits = sum.finish();
  if (state) keep(file, digits, *state);
  return digits;
}

}  // namespace helicon::catalog
