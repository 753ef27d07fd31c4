#include <turbojpeg.h>

#include <memory>
#include <string_view>

#include "media/decoders.h"

namespace helicon::media {
namespace {

// The segments before the pixels, for the one that begins with "Exif" (JPEG, ITU T.81, B.1.1).
int find_orientation(std::span<const std::byte> bytes) {
  using namespace std::string_view_literals;
  constexpr std::string_view kExif = "Exif\0\0"sv;
  constexpr size_t kApplication1 = 0xe1, kStartOfScan = 0xda;
  const auto byte = [&](size_t at) { return std::to_integer<size_t>(bytes[at]); };
  for (size_t at = 2; at + 4 <= bytes.size();) {
    if (byte(at) != 0xff) return 1;
    const size_t marker = byte(at + 1);
    if (marker == 0xff) {  // filling
      ++at;
      continue;
    }
    const size_t length = byte(at + 2) * 256 + byte(at + 3);
    if (marker == kStartOfScan || length < 2 || at + 2 + length > bytes.size()) return 1;
    const auto content = bytes.subspan(at + 4, length - 2);
    const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
    if (marker == kApplication1 && text.starts_with(kExif))
      return exif_orientation(content.subspan(kExif.size()));
    at += 2 + length;
  }
  return 1;
}

}  // namespace

Result<Decoded> decode_jpeg(std::span<const std::byte> bytes) {
  const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
  if (!decoder) return Error{ErrorCode::out_of_memory, "no memory for the decoder"};
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, sampling = 0, colours = 0;
  const auto failed = [&] { return Error{ErrorCode::corrupt, tjGetErrorStr2(decoder.get())}; };
  if (tjDecompressHeader3(decoder.get(), data, bytes.size(), &width, &height, &sampling, &colours))
    return failed();
  if (colours == TJCS_CMYK || colours == TJCS_YCCK)
    return Error{ErrorCode::unsupported, "its colours are for printing (CMYK)"};
  Decoded decoded;
  decoded.picture.width = static_cast<size_t>(width);
  decoded.picture.height = static_cast<size_t>(height);
  HELICON_TRY(check_size(decoded.picture.width, decoded.picture.height));
  decoded.picture.pixels.resize(3 * decoded.picture.width * decoded.picture.height);
  // Progressive files of very many scans are refused. Of the library's warnings one is let pass,
  // bytes between segments that belong to nothing; with any other, an early end for one, a part of
  // the picture is not the picture's. The last one is told, so that one that is fatal is seen.
  if (tjDecompress2(decoder.get(), data, bytes.size(), decoded.picture.pixels.data(), width, 0,
                    height, TJPF_RGB, TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) != 0 &&
      std::string_view(tjGetErrorStr2(decoder.get())).find("extraneous bytes") ==
          std::string_view::npos)
    return failed();
  decoded.orientation = find_orientation(bytes);
  return decoded;
}

}  // namespace helicon::media
