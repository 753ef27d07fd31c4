// Packed weights kept on disk, so that the next start maps them and need not pack.
//
// A file is one header and the packed memory as it is:
//   "helicon packed 1\n", the length of the identity as 8 bytes (little-endian), the identity,
//   zeros up to a multiple of 4096; then the packed bytes.
// The identity is text: in its first line the weight file's path, then whatever the packed bytes
// follow from. A file of another identity or size is as good as none. Its packed bytes are trusted
// as those of a mapped weight file are: neither is read as a whole before it is used.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "base/mapped_file.h"
#include "base/result.h"

namespace helicon::weights {

// Where packed weights of that identity belong: FOLDER/STEM-HASH.ROWS.packed, with the stem and a
// hash of the weight file's whole path, as files of one name may lie in several folders, and the
// rows of a panel. A weight file that was changed thus replaces what was packed of it before.
std::filesystem::path packed_path(const std::filesystem::path& folder, const std::string& identity,
                                  size_t panel_rows);

class PackedFile {
 public:
  // Null where there is none of that identity and number of packed bytes.
  static std::unique_ptr<const PackedFile> open(const std::filesystem::path& path,
                                                const std::string& identity, size_t bytes);

  std::span<const std::byte> bytes() const { return bytes_; }
  bool intact() const { return file_->intact(); }

 private:
  PackedFile(std::unique_ptr<const MappedFile> file, std::span<const std::byte> bytes)
      : file_(std::move(file)), bytes_(bytes) {}

  std::unique_ptr<const MappedFile> file_;
  std::span<const std::byte> bytes_;
};

// Writes a packed file on a thread of its own, beside whatever else is done with the same bytes,
// and puts it into place once it is whole and on the disk; until then it is called .partial, and a
// later writer goes on where an earlier one was stopped. Where that fails, or the disk would not
// keep as much again free, there is merely no file: the log says why.
class PackedWriter {
 public:
  // `bytes` must stay as they are until this object is gone.
  PackedWriter(std::filesystem::path path, std::string identity, std::span<const std::byte> bytes);
  // Stops within some tens of megabytes.
  ~PackedWriter();

 private:
  std::jthread thread_;
};

// Deletes what is of no use any more: packed files, whole and partial, whose weight file is gone.
// Gives back the bytes that became free.
size_t sweep_packed(const std::filesystem::path& folder);

}  // namespace helicon::weights
