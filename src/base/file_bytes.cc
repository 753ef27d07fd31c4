#include "base/file_bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace helicon {
namespace {

Error failed() { return Error{ErrorCode::io, std::strerror(errno), {}}; }

// `read_some(to, size, at)`: as read(2), behind the `at` bytes that are read already.
template <typename ReadSome>
Status take_pieces(const ReadSome& read_some, const std::function<Status(std::string_view)>& take) {
  std::array<char, 65536> piece;
  for (size_t at = 0;;) {
    const ssize_t count = read_some(piece.data(), piece.size(), at);
    if (count == 0) return ok_status();
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed();
    at += static_cast<size_t>(count);
    HELICON_TRY(take({piece.data(), static_cast<size_t>(count)}));
  }
}

// Appends to `bytes`, which come to at most `most`.
std::function<Status(std::string_view)> append_to(std::string& bytes, size_t most) {
  return [&bytes, most](std::string_view piece) -> Status {
    if (bytes.size() + piece.size() > most)
      return Error{ErrorCode::too_large, fmt::format("over {} MiB", most >> 20), {}};
    bytes += piece;
    return ok_status();
  };
}

}  // namespace

Result<Descriptor> memory_file(std::string_view bytes) {
  Descriptor file(memfd_create("helicon", MFD_CLOEXEC));
  if (!file.open()) return failed();
  while (!bytes.empty()) {
    const ssize_t count = write(file.value(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed();
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  if (lseek(file.value(), 0, SEEK_SET) != 0) return failed();
  return file;
}

Result<std::string> read_rest(int file, size_t most) {
  std::string bytes;
  HELICON_TRY(take_pieces([&](char* to, size_t size, size_t) { return read(file, to, size); },
                          append_to(bytes, most)));
  return bytes;
}

Status GivenFile::read_pieces(const std::function<Status(std::string_view)>& take) const {
  if (!file_.open()) return take(bytes_);
  return take_pieces(
      [&](char* to, size_t size, size_t at) {
        return pread(file_.value(), to, size, static_cast<off_t>(at));
      },
      take);
}

Result<std::string> GivenFile::read_whole(size_t most) const {
  std::string bytes;
  HELICON_TRY(read_pieces(append_to(bytes, most)));
  return bytes;
}

Result<Descriptor> GivenFile::open() const {
  if (!file_.open()) return memory_file(bytes_);
  Descriptor file(fcntl(file_.value(), F_DUPFD_CLOEXEC, 0));
  if (!file.open()) return failed();
  return file;
}

}  // namespace helicon
