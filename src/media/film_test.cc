#include "media/film.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>
#include <string>

#include "base/test_files.h"

namespace helicon::media {
namespace {

namespace json = boost::json;

constexpr const char* kTwoFrames =
    R"({"streams": [{"avg_frame_rate": "2/1", "nb_read_packets": "2"}]})";

// Says what it is told to, in pieces of so many bytes.
class TellingFfmpeg final : public Ffmpeg {
 public:
  TellingFfmpeg(std::string facts, std::string pixmaps, size_t piece = 1 << 20)
      : facts_(std::move(facts)), pixmaps_(std::move(pixmaps)), piece_(piece) {}
  Status run(const Task& task) const override {
    const std::string& text = task.program == "ffprobe" ? facts_ : pixmaps_;
    for (size_t at = 0; at < text.size(); at += piece_)
      if (!task.on_output(std::string_view(text).substr(at, piece_))) break;
    return ok_status();
  }

 private:
  std::string facts_, pixmaps_;
  size_t piece_;
};

std::string pixmap(size_t width, size_t height, char first) {
  std::string text = "P6\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n";
  for (size_t i = 0; i < width * height * 3; ++i) text += static_cast<char>(first + i % 50);
  return text;
}

TEST(GoldenFilms, AreSampledAsTorchSpacesThem) {
  const json::value expected = json::parse(read_file("tests/golden/pictures/frames.json"));
  ASSERT_GE(expected.as_array().size(), 2000u);
  for (const json::value& one : expected.as_array()) {
    FilmRules rules;
    rules.most_frames = one.at(2).to_number<size_t>();
    const auto chosen =
        choose_frames(one.at(0).to_number<size_t>(), one.at(1).to_number<double>(), rules);
    size_t sum = chosen.size();
    for (const size_t frame : chosen) sum = (sum * 31 + frame) % 1'000'000'007;
    ASSERT_EQ(sum, one.at(3).to_number<size_t>()) << json::serialize(one);
  }
}

TEST(Film, IsTheSameInPiecesOfAnySize) {
  const std::string pixmaps = pixmap(5, 3, 10) + pixmap(5, 3, 90);
  const auto whole = decode_film(TellingFfmpeg(kTwoFrames, pixmaps), -1, {});
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  EXPECT_EQ(whole->seconds, std::vector<double>{0});
  EXPECT_EQ(whole->values.size(), whole->grid.height * whole->grid.width * 2 * 3 * 14 * 14);
  for (size_t piece = 1; piece < 60; ++piece) {
    const auto found = decode_film(TellingFfmpeg(kTwoFrames, pixmaps, piece), -1, {});
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found->values, whole->values);
  }
}

TEST(Film, ThatIsShorterThanItSaysEndsThere) {
  const auto film = decode_film(TellingFfmpeg(kTwoFrames, pixmap(4, 4, 1)), -1, {});
  ASSERT_TRUE(film.ok()) << film.error().message;
  const auto twice =
      decode_film(TellingFfmpeg(kTwoFrames, pixmap(4, 4, 1) + pixmap(4, 4, 1)), -1, {});
  ASSERT_TRUE(twice.ok());
  EXPECT_EQ(film->values, twice->values);  // the last frame again
}

TEST(Film, BadAnswersAreErrors) {
  const auto error = [](const std::string& facts, const std::string& pixmaps) {
    const auto film = decode_film(TellingFfmpeg(facts, pixmaps), -1, {});
    return film.ok() ? ErrorCode::internal : film.error().code;
  };
  const std::string good = pixmap(4, 4, 1);
  EXPECT_EQ(error("", good), ErrorCode::corrupt);
  EXPECT_EQ(error("[1]", good), ErrorCode::corrupt);
  EXPECT_EQ(error(R"({"streams": []})", good), ErrorCode::unsupported);
  EXPECT_EQ(error(R"({"streams": [5]})", good), ErrorCode::corrupt);
  EXPECT_EQ(error(R"({"streams": [{"nb_read_packets": "0"}]})", good), ErrorCode::corrupt);
  EXPECT_EQ(error(R"({"streams": [{"nb_read_packets": "-5"}]})", good), ErrorCode::corrupt);
  EXPECT_EQ(error(std::string(100'000, ' '), good), ErrorCode::corrupt);
  for (const char* pixmaps :
       {"", "P6\n", "P5\n4 4\n255\n", "P6\n0 4\n255\n", "P6\n4 4\n65535\n", "P6\n-1 4\n255\n",
        "P6\n60000 60000\n255\n", "P6\n4 4\n255\nshort",
        "no pixmap and no end of a line, and none to come, however long it is read on"})
    EXPECT_EQ(error(kTwoFrames, pixmaps), ErrorCode::corrupt) << pixmaps;
}

// A film that says nothing of its speed, or nonsense, has 24 frames a second as in the reference.
TEST(Film, KnowsWhenItsFramesAreShown) {
  FilmRules rules;
  rules.pictures.frames = 1;
  std::string pixmaps;
  for (int i = 0; i < 48; ++i) pixmaps += pixmap(4, 4, static_cast<char>(i));
  for (const auto& [rate, seconds] :
       std::vector<std::pair<std::string, double>>{{"5/1", 47 / 5.0},
                                                   {"12000/1001", 47 * 1001 / 12000.0},
                                                   {"0/0", 47 / 24.0},
                                                   {"x", 47 / 24.0},
                                                   {"1/0", 47 / 24.0}}) {
    const auto film =
        decode_film(TellingFfmpeg(R"({"streams": [{"nb_read_packets": "48", "avg_frame_rate": ")" +
                                      rate + "\"}]}",
                                  pixmaps),
                    -1, rules);
    ASSERT_TRUE(film.ok()) << rate;
    EXPECT_EQ(film->seconds.front(), 0) << rate;
    EXPECT_DOUBLE_EQ(film->seconds.back(), seconds) << rate;
  }
}

}  // namespace
}  // namespace helicon::media
