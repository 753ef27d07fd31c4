#include <webp/decode.h>

#include <string_view>

#include "media/decoders.h"

namespace helicon::media {
namespace {

// The container's parts, for "EXIF" (Google, WebP Container Specification, "RIFF File Format").
int find_orientation(std::span<const std::byte> bytes) {
  constexpr size_t kHead = 12, kPartHead = 8;
  for (size_t at = kHead; at + kPartHead <= bytes.size();) {
    size_t length = 0;
    for (size_t i = 4; i-- > 0;) length = length << 8 | std::to_integer<size_t>(bytes[at + 4 + i]);
    if (length > bytes.size() - at - kPartHead) return 1;
    const auto content = bytes.subspan(at + kPartHead, length);
    if (std::string_view(reinterpret_cast<const char*>(bytes.data()) + at, 4) == "EXIF")
      return exif_orientation(content);
    at += kPartHead + length + length % 2;
  }
  return 1;
}

}  // namespace

Result<Decoded> decode_webp(std::span<const std::byte> bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK)
    return Error{ErrorCode::corrupt, "its head cannot be read"};
  if (features.has_animation)
    return Error{ErrorCode::unsupported, "it has several frames, and only still ones are read"};
  Decoded decoded;
  decoded.picture.width = static_cast<size_t>(features.width);
  decoded.picture.height = static_cast<size_t>(features.height);
  HELICON_TRY(check_size(decoded.picture.width, decoded.picture.height));
  decoded.picture.pixels.resize(3 * decoded.picture.width * decoded.picture.height);
  if (!WebPDecodeRGBInto(data, bytes.size(), decoded.picture.pixels.data(),
                         decoded.picture.pixels.size(), 3 * features.width))
    return Error{ErrorCode::corrupt, "its pixels cannot be decoded"};
  decoded.orientation = find_orientation(bytes);
  return decoded;
}

}  // namespace helicon::media
