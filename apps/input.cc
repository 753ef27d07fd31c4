#include "input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file_bytes.h"
#include "http/utf8.h"

namespace helicon::apps {

Result<Descriptor> open_input(const std::string& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open())
    return Error{errno == ENOENT ? ErrorCode::not_found : ErrorCode::io,
                 fmt::format("{}: {}", path, std::strerror(errno))};
  return file;
}

Result<std::string> read_input(const std::string& path, size_t limit) {
  const bool standard = path == "-";
  Descriptor file;
  if (!standard) {
    HELICON_ASSIGN(file, open_input(path));
  }
  auto bytes = read_rest(standard ? STDIN_FILENO : file.value(), limit);
  if (!bytes.ok()) return in(standard ? "standard input" : path, std::move(bytes).error());
  return bytes;
}

Status check_utf8(std::string_view text, std::string_view what) {
  const std::string valid = http::valid_utf8(text);
  if (valid == text) return ok_status();
  const auto difference = std::mismatch(text.begin(), text.end(), valid.begin(), valid.end());
  return Error{ErrorCode::invalid_argument, fmt::format("{} is not valid UTF-8 (byte {})", what,
                                                        difference.first - text.begin() + 1)};
}

Error in(std::string_view name, Error error) {
  error.message = fmt::format("{}: {}", name, error.message);
  return error;
}

}  // namespace helicon::apps
