// Pictures as pixels, out of files that nobody vouches for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace helicon::media {

struct Picture {
  size_t width = 0, height = 0;
  std::vector<uint8_t> pixels;  // [height, width, 3]: red, green, blue
};

// A picture may have this many pixels, and sides as long, before anything of it is decoded.
inline constexpr size_t kMostPixels = size_t{100} << 20;
inline constexpr size_t kLongestSide = 65'500;

// Decodes PNG, JPEG or WebP; which of them the first bytes say, whatever a name or a type does.
// Turned as its Exif orientation wants it. Transparency is left out and what lies beneath shows, as
// in the reference (Pillow, Image.convert("RGB")). Errors: unsupported (another format, named if it
// is known; several frames; colours that are no red, green and blue), too_large, corrupt.
Result<Picture> decode_picture(std::span<const std::byte> bytes);

// The pixels of a picture whose upper left is where Exif orientation 1 to 8 says.
Picture turned(Picture picture, int orientation);

// The orientation, 1 to 8, that an Exif block ("II*" or "MM*" and so on, TIFF 6.0) gives the
// picture; 1 where it gives none, or is none.
int exif_orientation(std::span<const std::byte> tiff);

}  // namespace helicon::media
