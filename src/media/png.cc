#include <png.h>

#include <csetjmp>
#include <cstring>
#include <string>

#include "media/decoders.h"

namespace helicon::media {
namespace {

// What libpng's callbacks share. Nothing in it has a destructor that a longjmp would skip.
struct Reading {
  const std::byte* at;
  size_t left;
  char problem[160];
};

void read_bytes(png_structp png, png_bytep target, size_t count) {
  auto* reading = static_cast<Reading*>(png_get_io_ptr(png));
  if (count > reading->left) png_error(png, "the file ends too early");
  std::memcpy(target, reading->at, count);
  reading->at += count;
  reading->left -= count;
}
void keep_problem(png_structp png, png_const_charp problem) {
  auto* reading = static_cast<Reading*>(png_get_error_ptr(png));
  std::strncpy(reading->problem, problem, sizeof(reading->problem) - 1);
  std::longjmp(png_jmpbuf(png), 1);
}
void ignore(png_structp, png_const_charp) {}

// Owns libpng's structures.
struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  explicit Reader(Reading* reading)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, reading, keep_problem, ignore)) {
    if (png) info = png_create_info_struct(png);
    if (info) png_set_read_fn(png, reading, read_bytes);
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
};

// Each step is a function of its own, without anything to destroy: libpng leaves it by longjmp.
bool read_head(const Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;  // NOLINT(cert-err52-cpp)
  png_read_info(reader.png, reader.info);
  return true;
}
// 8 bits of red, green and blue, whatever the file has; gamma and profiles are left alone.
bool start(const Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;  // NOLINT(cert-err52-cpp)
  const int colours = png_get_color_type(reader.png, reader.info);
  png_set_strip_16(reader.png);
  png_set_packing(reader.png);
  if (colours == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reader.png);
  if (colours == PNG_COLOR_TYPE_GRAY || colours == PNG_COLOR_TYPE_GRAY_ALPHA) {
    if (png_get_bit_depth(reader.png, reader.info) < 8) png_set_expand_gray_1_2_4_to_8(reader.png);
    png_set_gray_to_rgb(reader.png);
  }
  png_set_strip_alpha(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}
bool read_rows(const Reader& reader, png_bytep* rows) {
  if (setjmp(png_jmpbuf(reader.png))) return false;  // NOLINT(cert-err52-cpp)
  png_read_image(reader.png, rows);
  return true;
}

}  // namespace

Result<Decoded> decode_png(std::span<const std::byte> bytes) {
  Reading reading{bytes.data(), bytes.size(), {}};
  const Reader reader(&reading);
  if (!reader.info) return Error{ErrorCode::out_of_memory, "no memory for the decoder"};
  const auto failed = [&] { return Error{ErrorCode::corrupt, reading.problem}; };
  png_set_user_limits(reader.png, kLongestSide, kLongestSide);
  if (!read_head(reader)) return failed();
  Decoded decoded;
  Picture& picture = decoded.picture;
  picture.width = png_get_image_width(reader.png, reader.info);
  picture.height = png_get_image_height(reader.png, reader.info);
  HELICON_TRY(check_size(picture.width, picture.height));
  if (!start(reader)) return failed();
  const size_t row_bytes = 3 * picture.width;
  if (png_get_rowbytes(reader.png, reader.info) != row_bytes)
    return Error{ErrorCode::internal, "a row is not three bytes a pixel"};
  picture.pixels.resize(row_bytes * picture.height);
  std::vector<png_bytep> rows;
  for (size_t y = 0; y < picture.height; ++y) rows.push_back(picture.pixels.data() + y * row_bytes);
  if (!read_rows(reader, rows.data())) return failed();
  png_bytep exif = nullptr;
  png_uint_32 exif_bytes = 0;
  if (png_get_eXIf_1(reader.png, reader.info, &exif_bytes, &exif))
    decoded.orientation = exif_orientation(std::as_bytes(std::span(exif, exif_bytes)));
  return decoded;
}

}  // namespace helicon::media
