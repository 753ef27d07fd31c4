#include "weights/packed_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <stop_token>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/descriptor.h"

namespace helicon::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "helicon packed 1\n";
constexpr std::string_view kExtension = ".packed";
constexpr std::string_view kPartial = ".partial";
constexpr size_t kAlignment = 4096;
constexpr size_t kMostIdentity = size_t{16} << 20;
constexpr size_t kFlush = size_t{64} << 20;  // bytes after which the disk is waited for
constexpr size_t kSpare = size_t{1} << 30;   // bytes of the disk that are left alone

size_t header_bytes(const std::string& identity) {
  const size_t bytes = kMagic.size() + sizeof(uint64_t) + identity.size();
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::string header(const std::string& identity) {
  std::string text(kMagic);
  for (int shift = 0; shift < 64; shift += 8)
    text += static_cast<char>(static_cast<uint64_t>(identity.size()) >> shift & 255);
  text += identity;
  text.resize(header_bytes(identity), '\0');
  return text;
}

// FNV-1a (RFC 9923), which is the same in every build; std::hash need not be.
uint64_t hash(std::string_view text) {
  uint64_t value = 0xcbf29ce484222325;
  for (const char byte : text) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return value;
}

// The path in the identity's first line; nothing where the file is no packed one.
std::optional<fs::path> weight_file_of(const fs::path& packed) {
  std::ifstream file(packed, std::ios::binary);
  std::string start(kMagic.size() + sizeof(uint64_t), '\0');
  if (!file.read(start.data(), static_cast<std::streamsize>(start.size())) ||
      !start.starts_with(kMagic))
    return std::nullopt;
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return fs::path(line);
}

Error system_error(const char* what) {
  const ErrorCode code = errno == ENOSPC || errno == EDQUOT ? ErrorCode::no_space : ErrorCode::io;
  return Error{code, fmt::format("{}: {}", what, std::strerror(errno)), {}};
}

Status write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return ok_status();
}

Status check_space(const fs::path& folder, size_t bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) return Error{ErrorCode::io, "space: " + error.message(), {}};
  if (space.available < 2 * bytes + kSpare)
    return Error{ErrorCode::no_space,
                 fmt::format("{:.1f} GB would leave less than as much again free",
                             static_cast<double>(bytes) / 1e9),
                 {}};
  return ok_status();
}

// How many of the packed bytes a writer that was stopped has left in the file: those that it had on
// the disk before it went on. Anything else of the file is cut off. The file is at its end then.
Result<size_t> take_up(int file, const std::string& head) {
  std::string found(head.size(), '\0');
  size_t kept = 0;
  if (pread(file, found.data(), found.size(), 0) == static_cast<ssize_t>(head.size()) &&
      found == head) {
    const off_t size = lseek(file, 0, SEEK_END);
    kept = (static_cast<size_t>(size) - head.size()) / kFlush * kFlush;
  }
  const size_t start = kept > 0 ? head.size() + kept : 0;
  if (ftruncate(file, static_cast<off_t>(start)) != 0) return system_error("ftruncate");
  if (lseek(file, 0, SEEK_END) < 0) return system_error("lseek");
  if (kept == 0) HELICON_TRY(write_all(file, std::as_bytes(std::span(head))));
  return kept;
}

// Runs of bytes, each on the disk before the next is begun. Whoever stops this waits for the run
// that is under way; the first is always written, so that programs that end soon get on as well.
Status write_runs(int file, std::span<const std::byte> bytes, size_t done,
                  const std::stop_token& stop) {
  while (done < bytes.size()) {
    const size_t end = std::min(done + kFlush, bytes.size());
    HELICON_TRY(write_all(file, bytes.subspan(done, end - done)));
    done = end;
    if (fdatasync(file) != 0) return system_error("fdatasync");
    if (done < bytes.size() && stop.stop_requested())
      return Error{ErrorCode::cancelled, "stopped", {}};
  }
  return ok_status();
}

Status write(const fs::path& path, const std::string& identity, std::span<const std::byte> bytes,
             const std::stop_token& stop) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return Error{ErrorCode::io, "create folder: " + error.message(), {}};
  sweep_packed(path.parent_path());
  HELICON_TRY(check_space(path.parent_path(), bytes.size()));
  const fs::path partial = path.string() + std::string(kPartial);
  const Descriptor file(::open(partial.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.value() < 0) return system_error("open");
  // Another process may be at it: then it is its to finish.
  if (flock(file.value(), LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorCode::cancelled, "another process writes it", {}};
  if (!still_named(file.value(), partial))
    return Error{ErrorCode::cancelled, "another process has just written it", {}};
  HELICON_ASSIGN(const size_t done, take_up(file.value(), header(identity)));
  Status written = write_runs(file.value(), bytes, done, stop);
  if (written.ok() && std::rename(partial.c_str(), path.c_str()) != 0)
    written = system_error("rename");
  if (!written.ok() && written.error().code != ErrorCode::cancelled) fs::remove(partial, error);
  return written;
}

}  // namespace

fs::path packed_path(const fs::path& folder, const std::string& identity, size_t panel_rows) {
  const std::string weight_file = identity.substr(0, identity.find('\n'));
  return folder / fmt::format("{}-{:016x}.{}{}", fs::path(weight_file).stem().string(),
                              hash(weight_file), panel_rows, kExtension);
}

std::unique_ptr<const PackedFile> PackedFile::open(const fs::path& path,
                                                   const std::string& identity, size_t bytes) {
  if (identity.size() > kMostIdentity) return nullptr;
  auto file = MappedFile::open(path);
  if (!file.ok()) return nullptr;
  const std::string expected = header(identity);
  const std::span<const std::byte> whole = (*file)->bytes();
  if (whole.size() != expected.size() + bytes ||
      std::memcmp(whole.data(), expected.data(), expected.size()) != 0)
    return nullptr;
  return std::unique_ptr<const PackedFile>(
      new PackedFile(std::move(*file), whole.subspan(expected.size())));
}

PackedWriter::PackedWriter(fs::path path, std::string identity, std::span<const std::byte> bytes)
    : thread_([path = std::move(path), identity = std::move(identity),
               bytes](const std::stop_token& stop) {
        setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 19);  // of this thread, on Linux
        const Status written = write(path, identity, bytes, stop);
        if (!written.ok() && written.error().code != ErrorCode::cancelled)
          spdlog::info("packed weights are not kept in {}: {}", path.string(),
                       written.error().message);
      }) {}

PackedWriter::~PackedWriter() = default;  // jthread: stops and waits

size_t sweep_packed(const fs::path& folder) {
  size_t freed = 0;
  const auto remove = [&freed](const fs::path& path) {
    std::error_code error;
    const uintmax_t bytes = fs::file_size(path, error);
    if (!error && fs::remove(path, error)) freed += bytes;
  };
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path path = entry->path();
    const bool partial = path.extension() == kPartial;
    if (!partial && path.extension() != kExtension) continue;
    const std::optional<fs::path> weights = weight_file_of(path);
    std::error_code unknown;
    if (weights && (fs::exists(*weights, unknown) || unknown)) continue;
    // A partial one may be at its very beginning.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.value() >= 0 && flock(file.value(), LOCK_EX | LOCK_NB) == 0) remove(path);
  }
  return freed;
}

}  // namespace helicon::weights
