#include "weights/byte_cursor.h"

#include <fmt/format.h>

namespace helicon::weights {

Result<std::string_view> ByteCursor::read_string() {
  HELICON_ASSIGN(const uint64_t length, read<uint64_t>());
  if (length > remaining()) return cut_short();
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + position_, length);
  position_ += length;
  return text;
}

Result<size_t> ByteCursor::read_count(size_t bytes_each, std::string_view things) {
  HELICON_ASSIGN(const uint64_t count, read<uint64_t>());
  if (count > remaining() / bytes_each) {
    return error(limited_ ? ErrorCode::too_large : ErrorCode::corrupt,
                 fmt::format("claims {} {}, more than the remaining {} bytes can hold", count,
                             things, remaining()));
  }
  return static_cast<size_t>(count);
}

Error ByteCursor::error(ErrorCode code, std::string_view problem) const {
  return {code, fmt::format("{}: {}: {}", file_, what_, problem), {}};
}

Error ByteCursor::cut_short() const {
  if (limited_) {
    return error(
        ErrorCode::too_large,
        fmt::format("reaches past the first {} bytes, the limit for headers", bytes_.size()));
  }
  return error(ErrorCode::corrupt,
               fmt::format("reaches past the end of the file, which has {} bytes", bytes_.size()));
}

}  // namespace helicon::weights
