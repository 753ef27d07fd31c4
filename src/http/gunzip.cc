#include "http/gunzip.h"

#include <boost/beast/zlib/inflate_stream.hpp>
#include <cstddef>
#include <cstdint>

namespace helicon::http {
namespace {

constexpr size_t header_bytes = 10;
constexpr size_t trailer_bytes = 8;  // CRC-32 and the length of the contents, little-endian
constexpr size_t max_bytes = size_t{64} << 20;

// Behind the fixed header, RFC 1952, 2.3.1; only the plain kind that compressors write to memory.
constexpr size_t flags_offset = 3;

}  // namespace

Result<std::string> gunzip(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < header_bytes + trailer_bytes || !bytes.starts_with("\x1f\x8b\x08") ||
      byte(flags_offset) != 0) {
    return Error{ErrorCode::corrupt, "not a plain gzip file", {}};
  }
  size_t length = 0;
  for (size_t i = 0; i < 4; ++i) length |= size_t{byte(bytes.size() - 4 + i)} << (8 * i);
  if (length > max_bytes) return Error{ErrorCode::too_large, "a gzip file over 64 MiB", {}};

  std::string contents(length, '\0');
  boost::beast::zlib::z_params stream;
  stream.next_in = bytes.data() + header_bytes;
  stream.avail_in = bytes.size() - header_bytes - trailer_bytes;
  stream.next_out = contents.data();
  stream.avail_out = contents.size();
  boost::beast::error_code error;
  boost::beast::zlib::inflate_stream().write(stream, boost::beast::zlib::Flush::finish, error);
  if (error != boost::beast::zlib::error::end_of_stream || stream.total_out != length) {
    return Error{ErrorCode::corrupt, "a gzip file whose contents do not inflate", {}};
  }
  return contents;
}

}  // namespace helicon::http
