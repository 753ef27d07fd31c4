// A file on its way: NAME.gguf.partial, locked against other pulls, hashed as it grows, and renamed
// to NAME.gguf only once its size and checksum are right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "base/sha256.h"

namespace helicon::catalog {

class PartialFile {
 public:
  // Opens or creates `target`.partial, and its folder. What a broken pull left in it stays.
  // Errors: overloaded (someone else is writing it), io, no_space.
  static Result<PartialFile> open(const std::filesystem::path& target);

  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;
  ~PartialFile();

  // Reads what is already there, so that the checksum covers it; call once before append().
  // `progress` gets the bytes read so far. Errors: io, cancelled.
  Status take_up(const std::function<void(std::uint64_t)>& progress, std::stop_token stop);

  std::uint64_t size() const { return size_; }  // bytes
  Status append(std::span<const std::byte> bytes);
  // Back to an empty file.
  Status restart();
  // Deletes it. Only this object's destructor may follow.
  void discard();
  // Verifies, writes through to the disk and renames to the target. After a wrong sum or size the
  // partial file is emptied: nothing in it can be trusted. Errors: checksum, io, no_space.
  Status finish(std::uint64_t bytes, const std::string& sha256);

 private:
  PartialFile(std::filesystem::path target, int file, std::uint64_t size);
  Error system_error(const char* what) const;

  std::filesystem::path target_;
  std::filesystem::path path_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  Sha256 sum_;
};

}  // namespace helicon::catalog
