#include "media/picture.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "media/decoders.h"

namespace helicon::media {
namespace {

struct Format {
  const char* name;
  size_t offset;  // of its mark
  std::string_view mark;
  Result<Decoded> (*decode)(std::span<const std::byte> bytes);  // null: known by name only
};

using namespace std::string_view_literals;
constexpr Format kFormats[] = {
    {"PNG", 0, "\x89PNG\r\n\x1a\n"sv, decode_png},
    {"JPEG", 0, "\xff\xd8\xff"sv, decode_jpeg},
    {"WebP", 8, "WEBP"sv, decode_webp},
    {"GIF", 0, "GIF8"sv, nullptr},
    {"HEIC", 4, "ftyphei"sv, nullptr},
    {"HEIF", 4, "ftypmif1"sv, nullptr},
    {"AVIF", 4, "ftypavif"sv, nullptr},
    {"TIFF", 0, "II*\0"sv, nullptr},
    {"TIFF", 0, "MM\0*"sv, nullptr},
    {"BMP", 0, "BM"sv, nullptr},
    {"SVG", 0, "<svg"sv, nullptr},
    {"PDF", 0, "%PDF"sv, nullptr},
};
constexpr const char* kReadable = "PNG, JPEG and WebP are";

bool has_mark(std::string_view bytes, const Format& format) {
  return bytes.size() >= format.offset && bytes.substr(format.offset).starts_with(format.mark);
}

// Where a picture's pixel (x, y) comes from, by orientation.
struct Turn {
  bool transposed, from_right, from_bottom;
};
constexpr std::array<Turn, 9> kTurns = {{{},
                                         {false, false, false},
                                         {false, true, false},
                                         {false, true, true},
                                         {false, false, true},
                                         {true, false, false},
                                         {true, false, true},
                                         {true, true, true},
                                         {true, true, false}}};

}  // namespace

Status check_size(uint64_t width, uint64_t height) {
  if (width == 0 || height == 0) return Error{ErrorCode::corrupt, "a picture without pixels"};
  if (width > kLongestSide || height > kLongestSide || width * height > kMostPixels)
    return Error{
        ErrorCode::too_large,
        fmt::format("a picture of {} x {} pixels; at most {} million are decoded, and {} a "
                    "side",
                    width, height, kMostPixels >> 20, kLongestSide)};
  return ok_status();
}

Result<Picture> decode_picture(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (bytes.empty()) return Error{ErrorCode::corrupt, "an empty file is no picture"};
  for (const Format& format : kFormats) {
    if (!has_mark(text, format)) continue;
    if (!format.decode)
      return Error{ErrorCode::unsupported,
                   fmt::format("{} pictures are not read; {}", format.name, kReadable)};
    auto decoded = format.decode(bytes);
    if (!decoded.ok()) {
      Error error = std::move(decoded).error();
      error.message = fmt::format("{}: {}", format.name, error.message);
      return error;
    }
    return turned(std::move(decoded->picture), decoded->orientation);
  }
  return Error{ErrorCode::unsupported,
               fmt::format("not a picture that is read here; {}", kReadable)};
}

Picture turned(Picture picture, int orientation) {
  if (orientation <= 1 || orientation > 8) return picture;
  const Turn turn = kTurns[static_cast<size_t>(orientation)];
  Picture result;
  result.width = turn.transposed ? picture.height : picture.width;
  result.height = turn.transposed ? picture.width : picture.height;
  result.pixels.resize(picture.pixels.size());
  uint8_t* target = result.pixels.data();
  for (size_t y = 0; y < result.height; ++y)
    for (size_t x = 0; x < result.width; ++x, target += 3) {
      size_t column = turn.transposed ? y : x, row = turn.transposed ? x : y;
      if (turn.from_right) column = picture.width - 1 - column;
      if (turn.from_bottom) row = picture.height - 1 - row;
      std::memcpy(target, picture.pixels.data() + (row * picture.width + column) * 3, 3);
    }
  return result;
}

}  // namespace helicon::media
