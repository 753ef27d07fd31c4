// Decoding, resizing and grids against what Pillow, torch and transformers do
// (tests/golden/pictures.py).
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/test_files.h"
#include "media/picture_patches.h"
#include "media/resize.h"

namespace helicon::media {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const fs::path golden_folder = "tests/golden/pictures";

Result<Picture> decode_file(const std::string& name) {
  const std::string bytes = read_file(golden_folder / name);
  return decode_picture(std::as_bytes(std::span(bytes)));
}

uint64_t sum_of(const Picture& picture) {
  return crc32(0, picture.pixels.data(), static_cast<uInt>(picture.pixels.size()));
}

TEST(GoldenPictures, AreDecodedToTheLastBit) {
  const json::value expected = json::parse(read_file(golden_folder / "decoded.json"));
  ASSERT_GE(expected.as_object().size(), 24u);
  for (const auto& [name, facts] : expected.as_object()) {
    const auto picture = decode_file(name);
    ASSERT_TRUE(picture.ok()) << name << ": " << picture.error().message;
    EXPECT_EQ(picture->width, facts.at(0).to_number<size_t>()) << name;
    EXPECT_EQ(picture->height, facts.at(1).to_number<size_t>()) << name;
    EXPECT_EQ(sum_of(*picture), facts.at(2).to_number<uint64_t>()) << name;
  }
}

TEST(GoldenPictures, AreResizedToTheLastBit) {
  const json::value expected = json::parse(read_file(golden_folder / "resized.json"));
  ASSERT_GE(expected.as_array().size(), 24u);
  for (const json::value& one : expected.as_array()) {
    const auto picture = decode_file(std::string(one.at(0).as_string()));
    ASSERT_TRUE(picture.ok());
    const Picture resized =
        resize_lanczos(*picture, one.at(1).to_number<size_t>(), one.at(2).to_number<size_t>());
    EXPECT_EQ(sum_of(resized), one.at(3).to_number<uint64_t>()) << json::serialize(one);
  }
}

TEST(GoldenPictures, GetTheReferencesGrid) {
  const json::value expected = json::parse(read_file(golden_folder / "grids.json"));
  ASSERT_GE(expected.as_array().size(), 600u);
  for (const json::value& one : expected.as_array()) {
    PictureRules rules;
    rules.most_tokens = one.at(2).to_number<size_t>();
    const PictureGrid grid =
        choose_grid(one.at(0).to_number<size_t>(), one.at(1).to_number<size_t>(), rules);
    EXPECT_EQ(grid.height, one.at(3).to_number<size_t>()) << json::serialize(one);
    EXPECT_EQ(grid.width, one.at(4).to_number<size_t>()) << json::serialize(one);
  }
}

}  // namespace
}  // namespace helicon::media
