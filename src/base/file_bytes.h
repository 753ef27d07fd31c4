// Open files and their bytes: from the one to the other.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"

namespace helicon {

// A file of these bytes that lies in memory alone, open at its beginning. Errors: io.
Result<Descriptor> memory_file(std::string_view bytes);

// The bytes of an open file from where it stands to its end. Errors: io; too_large (over `most`).
Result<std::string> read_rest(int file, size_t most);

// A file that somebody gave: bytes in memory, without a descriptor of which a process has few, or a
// file on the disk that nobody writes to. Safe to read from many threads.
class GivenFile {
 public:
  explicit GivenFile(std::string bytes) : bytes_(std::move(bytes)) {}
  explicit GivenFile(Descriptor file) : file_(std::move(file)) {}

  // Hands out all bytes, piece by piece. Errors: io, and those of `take`, which end it.
  Status read_pieces(const std::function<Status(std::string_view)>& take) const;
  // All of them together. Errors: io; too_large (over `most`).
  Result<std::string> read_whole(size_t most) const;
  // For a program that reads it: one at a time, as all may share a place in it. Errors: io.
  Result<Descriptor> open() const;

 private:
  std::string bytes_;
  Descriptor file_;  // or none
};

}  // namespace helicon
