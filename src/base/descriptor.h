// A file descriptor that is closed at the end of its scope, and the name of its file.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

namespace helicon {

class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() { reset(); }

  void reset() {
    if (value_ >= 0) close(value_);
    value_ = -1;
  }
  int value() const { return value_; }  // -1 where there is none
  bool open() const { return value_ >= 0; }

 private:
  int value_;
};

// True where `file` is still what `path` names. Whoever waits for a lock may get that of a file
// that the one before has renamed or removed.
inline bool still_named(int file, const std::filesystem::path& path) {
  struct stat opened {};
  struct stat named {};
  return fstat(file, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

}  // namespace helicon
