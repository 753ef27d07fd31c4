// One decoder a format, for picture.cc alone.
#pragma once

#include <span>

#include "media/picture.h"

namespace helicon::media {

struct Decoded {
  Picture picture;
  int orientation = 1;  // Exif's
};

Result<Decoded> decode_png(std::span<const std::byte> bytes);
Result<Decoded> decode_jpeg(std::span<const std::byte> bytes);
Result<Decoded> decode_webp(std::span<const std::byte> bytes);

// Whether a picture of that size will be decoded. Errors: corrupt (no pixels), too_large.
Status check_size(uint64_t width, uint64_t height);

}  // namespace helicon::media
