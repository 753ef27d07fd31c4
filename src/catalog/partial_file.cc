#include "catalog/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace helicon::catalog {
namespace {

Error file_error(int number, const char* what, const std::filesystem::path& path) {
  // A quota or a limit on file sizes is a full disk to whoever hits it.
  const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return Error{full ? ErrorCode::no_space : ErrorCode::io,
               fmt::format("{}: cannot {}: {}", path.string(), what, std::strerror(number)), ""};
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path target, int file, std::uint64_t size)
    : target_(std::move(target)), path_(target_.string() + ".partial"), file_(file), size_(size) {}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : target_(std::move(other.target_)),
      path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      size_(other.size_),
      sum_(std::move(other.sum_)) {}

PartialFile::~PartialFile() {
  if (file_ >= 0) close(file_);
}

Error PartialFile::system_error(const char* what) const { return file_error(errno, what, path_); }

Result<PartialFile> PartialFile::open(const std::filesystem::path& target) {
  std::error_code failure;
  std::filesystem::create_directories(target.parent_path(), failure);
  if (failure) return file_error(failure.value(), "create the folder", target.parent_path());

  const std::filesystem::path path = target.string() + ".partial";
  for (;;) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) return file_error(errno, "open", path);
    PartialFile partial(target, file, 0);
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return partial.system_error("lock");
      return Error{
          ErrorCode::overloaded,
          fmt::format("{} is being written by another pull; wait for it to end", path.string()),
          ""};
    }
    if (!still_named(file, path)) continue;
    struct stat status {};
    if (fstat(file, &status) != 0) return partial.system_error("read the size");
    partial.size_ = static_cast<std::uint64_t>(status.st_size);
    return partial;
  }
}

Status PartialFile::take_up(const std::function<void(std::uint64_t)>& progress,
                            std::stop_token stop) {
  std::vector<std::byte> buffer(std::size_t{1} << 20U);
  std::uint64_t done = 0;
  while (done < size_) {
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped", ""};
    const ssize_t count = pread(file_, buffer.data(), buffer.size(), static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("read");
    if (count == 0) break;
    sum_.add(std::span(buffer).first(static_cast<std::size_t>(count)));
    done += static_cast<std::uint64_t>(count);
    if (progress) progress(done);
  }
  size_ = done;
  return ok_status();
}

Status PartialFile::append(std::span<const std::byte> bytes) {
  sum_.add(bytes);
  while (!bytes.empty()) {
    const ssize_t count = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("write");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    size_ += static_cast<std::uint64_t>(count);
  }
  return ok_status();
}

Status PartialFile::restart() {
  if (ftruncate(file_, 0) != 0) return system_error("empty");
  size_ = 0;
  sum_.finish();
  return ok_status();
}

Status PartialFile::finish(std::uint64_t bytes, const std::string& sha256) {
  const std::string sum = sum_.finish();
  if (size_ != bytes || sum != sha256) {
    Error wrong{ErrorCode::checksum,
                size_ != bytes
                    ? fmt::format("{} bytes arrived where {} were expected; they were thrown away",
                                  size_, bytes)
                    : fmt::format("the SHA-256 of what arrived is {}, not {}; it was thrown away",
                                  sum, sha256),
                ""};
    HELICON_TRY(restart());
    return wrong;
  }
  if (fsync(file_) != 0) return system_error("write through");
  if (rename(path_.c_str(), target_.c_str()) != 0) return system_error("rename");
  // The new name is on disk only once the folder is.
  const int folder = ::open(target_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
  return ok_status();
}

void PartialFile::discard() { unlink(path_.c_str()); }

}  // namespace helicon::catalog
