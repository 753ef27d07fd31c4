// Reads little-endian values out of a file in memory, never past its end.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace helicon::weights {

class ByteCursor {
 public:
  // Reads at most the first `limit` bytes. `file` is what errors call the file.
  ByteCursor(std::string file, std::span<const std::byte> bytes, size_t limit)
      : file_(std::move(file)),
        bytes_(bytes.first(std::min(bytes.size(), limit))),
        limited_(bytes.size() > limit) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  // What is being read from here on, for errors: "key 'general.name'".
  void now_reading(std::string what) { what_ = std::move(what); }

  template <typename T>
  Result<T> read() {
    static_assert(std::is_arithmetic_v<T> && std::endian::native == std::endian::little);
    if (remaining() < sizeof(T)) return cut_short();
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  // A 64-bit length and that many bytes, which stay in the file.
  Result<std::string_view> read_string();

  // A 64-bit count of things that take at least `bytes_each` (> 0) bytes each: no more than the
  // rest of the file could hold, so it is safe to make room for them.
  Result<size_t> read_count(size_t bytes_each, std::string_view things);

  // "file: what: problem"
  Error error(ErrorCode code, std::string_view problem) const;

 private:
  Error cut_short() const;

  std::string file_;
  std::span<const std::byte> bytes_;
  bool limited_;
  size_t position_ = 0;
  std::string what_ = "header";
};

}  // namespace helicon::weights
