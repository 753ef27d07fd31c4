#include "input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "http/utf8.h"

namespace helicon::apps {
namespace {

Result<std::string> read_all(int descriptor, std::string_view name, size_t limit) {
  std::string bytes;
  std::array<char, 65536> chunk;
  while (true) {
    const ssize_t count = ::read(descriptor, chunk.data(), chunk.size());
    if (count == 0) return bytes;
    if (count < 0) {
      if (errno == EINTR) continue;
      return Error{ErrorCode::io, fmt::format("{}: {}", name, std::strerror(errno))};
    }
    if (bytes.size() + static_cast<size_t>(count) > limit) {
      return Error{ErrorCode::too_large, fmt::format("{}: over {} MiB", name, limit >> 20)};
    }
    bytes.append(chunk.data(), static_cast<size_t>(count));
  }
}

}  // namespace

Result<std::string> read_input(const std::string& path, size_t limit) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", limit);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return Error{errno == ENOENT ? ErrorCode::not_found : ErrorCode::io,
                 fmt::format("{}: {}", path, std::strerror(errno))};
  }
  auto bytes = read_all(descriptor, path, limit);
  ::close(descriptor);
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
