// A file mapped read-only into memory, which survives the file's being cut short under it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace helicon {

struct MappedRegion;

// Touching a mapped page that the file no longer has (or that the disk cannot give back) raises
// SIGBUS, which by default ends the process. The first open() installs a handler that puts zeros
// there instead and marks the mapping; faults elsewhere go on to the handler that was there before.
// Threads that read mappings must not block SIGBUS.
class MappedFile {
 public:
  // Errors: not_found, io (not readable, not a regular file); each names the path.
  static Result<std::unique_ptr<const MappedFile>> open(const std::filesystem::path& path);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // The whole file, as long as it was when opened; empty for an empty file.
  std::span<const std::byte> bytes() const { return bytes_; }

  // What tells this file from every other, and from itself once it was written to: its device,
  // number, bytes and time of change.
  std::string identity() const;

  // Has the pages of `range`, a part of any mapping, in memory and in this process's tables, so
  // that touching them costs nothing any more. Advice only.
  static void fetch(std::span<const std::byte> range);

  // Has the disk begin to read `range`, a part of any mapping, and does not wait for it.
  static void read_ahead(std::span<const std::byte> range);

  // Drops the whole pages within `range`, a part of any mapping, from this process. They are read
  // anew when touched again.
  static void release(std::span<const std::byte> range);

  // False once the file is shorter than it was, or a page of it could not be read: from then on
  // that page and all after it may read as zeros. A system call; not meant for inner loops.
  bool intact() const;

 private:
  MappedFile() = default;

  int descriptor_ = -1;
  std::span<const std::byte> bytes_;
  MappedRegion* region_ = nullptr;  // what the signal handler knows of this mapping
};

}  // namespace helicon
