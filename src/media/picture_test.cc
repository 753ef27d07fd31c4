// Pictures that are none, too large, cut or called something else.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/test_files.h"
#include "media/decoders.h"
#include "media/picture_patches.h"

namespace helicon::media {
namespace {

namespace fs = std::filesystem;

std::string read_golden(const std::string& name) {
  return read_file(fs::path("tests/golden/pictures") / name);
}

Result<Picture> decode(std::string_view bytes) {
  return decode_picture(std::as_bytes(std::span(bytes)));
}

void expect_error(std::string_view bytes, ErrorCode code, std::string_view part) {
  const auto picture = decode(bytes);
  ASSERT_FALSE(picture.ok()) << part;
  EXPECT_EQ(picture.error().code, code) << picture.error().message;
  EXPECT_NE(picture.error().message.find(part), std::string::npos) << picture.error().message;
}

// The head of a PNG of that size, and nothing after it.
std::string png_head(uint32_t width, uint32_t height) {
  std::string head = read_golden("rgb.png").substr(0, 33);
  for (size_t i = 0; i < 4; ++i) {
    head[16 + i] = static_cast<char>(width >> (24 - 8 * i));
    head[20 + i] = static_cast<char>(height >> (24 - 8 * i));
  }
  return head;
}

TEST(Picture, WhatIsNoneSaysSo) {
  expect_error("", ErrorCode::corrupt, "empty");
  expect_error("hello", ErrorCode::unsupported, "PNG, JPEG and WebP are");
  expect_error("GIF89a and so on", ErrorCode::unsupported, "GIF");
  expect_error(std::string("\0\0\0\x18"
                           "ftypheic",
                           12),
               ErrorCode::unsupported, "HEIC");
}

// Their checksums are not looked at before their size is.
TEST(Picture, TooLargeOnesAreRefusedBeforeTheyAreDecoded) {
  for (const auto& [width, height] : {std::pair{60'000u, 60'000u}, {65'501u, 1u}}) {
    std::string head = png_head(width, height);
    const auto picture = decode(head);
    ASSERT_FALSE(picture.ok());
    // libpng refuses the head for its sum or for its size, whichever it sees first.
    EXPECT_TRUE(picture.error().code == ErrorCode::too_large ||
                picture.error().code == ErrorCode::corrupt);
  }
  EXPECT_EQ(check_size(60'000, 60'000).error().code, ErrorCode::too_large);
  EXPECT_EQ(check_size(65'501, 1).error().code, ErrorCode::too_large);
  EXPECT_EQ(check_size(0, 1).error().code, ErrorCode::corrupt);
  EXPECT_TRUE(check_size(10'000, 10'000).ok());
}

TEST(Picture, CutOnesAreErrorsWhereverTheyAreCut) {
  for (const char* name :
       {"rgb.png", "usual.jpg", "progressive.jpg", "lossy.webp", "lossless.webp"}) {
    const std::string whole = read_golden(name);
    ASSERT_TRUE(decode(whole).ok()) << name;
    // A JPEG without its last two bytes, the mark of the end, has all its pixels.
    for (size_t length = 0; length + 20 < whole.size(); length += 7)
      EXPECT_FALSE(decode(std::string_view(whole).substr(0, length)).ok()) << name << " " << length;
  }
}

// Any byte changed gives a picture or an error, and nothing else.
TEST(Picture, DamagedOnesDoNoHarm) {
  for (const char* name : {"palette.png", "turned_6.jpg", "alpha.webp", "turned.webp"}) {
    const std::string whole = read_golden(name);
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      const auto picture = decode(damaged);
      if (picture.ok()) {
        EXPECT_EQ(picture->pixels.size(), 3 * picture->width * picture->height);
      }
    }
  }
}

TEST(Picture, TheFirstBytesSayWhatItIsAndNotItsName) {
  EXPECT_TRUE(decode(read_golden("usual.jpg")).ok());
  std::string mislabelled = read_golden("usual.jpg");
  mislabelled.replace(0, 8, "\x89PNG\r\n\x1a\n", 8);
  expect_error(mislabelled, ErrorCode::corrupt, "PNG: ");
}

TEST(Exif, OfNoneOrOfNonsenseIsOne) {
  using namespace std::string_view_literals;
  const auto orientation = [](std::string_view text) {
    return exif_orientation(std::as_bytes(std::span(text)));
  };
  EXPECT_EQ(orientation(""sv), 1);
  EXPECT_EQ(orientation("II*\0\xff\xff\xff\xff"sv), 1);
  EXPECT_EQ(orientation("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"sv), 6);
  EXPECT_EQ(orientation("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0"sv), 1);
  EXPECT_EQ(orientation("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0"sv), 3);
}

TEST(Grid, OfFlatPicturesHasAtLeastOneTokenASide) {
  PictureRules rules;
  for (const auto& [width, height] : {std::pair{1u, 1u}, {20'000u, 10u}, {10u, 20'000u}}) {
    const PictureGrid grid = choose_grid(width, height, rules);
    EXPECT_GE(grid.width, rules.merge);
    EXPECT_GE(grid.height, rules.merge);
    EXPECT_LE(grid.width * grid.height, rules.most_tokens * rules.merge * rules.merge);
  }
}

}  // namespace
}  // namespace helicon::media
