#include "tools/ffmpeg.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/test_files.h"
#include "media/converted.h"
#include "media/film.h"
#include "media/plain_ffmpeg.h"

namespace helicon::tools {
namespace {

namespace fs = std::filesystem;

class FfmpegTest : public testing::Test {
 protected:
  FfmpegTest() : ffmpeg_(SandboxedFfmpeg::create()) {
    EXPECT_TRUE(ffmpeg_.ok()) << ffmpeg_.error().message;
  }
  Result<media::FilmPatches> decode(const fs::path& path, const std::stop_token& stop = {}) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return media::decode_film(*ffmpeg_, file.value(), {}, stop);
  }
  // A file of these bytes.
  fs::path write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  ~FfmpegTest() override { fs::remove_all(folder_); }

  Result<SandboxedFfmpeg> ffmpeg_;
  const fs::path folder_ = make_folder();

 private:
  static fs::path make_folder() {
    std::string name = (fs::temp_directory_path() / "helicon-ffmpeg-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    return name;
  }
};

const fs::path film_path = "tests/golden/models/muse_spark_film/film_0.mov";

TEST_F(FfmpegTest, DecodesTheSameAsOutside) {
  const auto film = decode(film_path);
  ASSERT_TRUE(film.ok()) << film.error().message;
  const Descriptor file(open(film_path.c_str(), O_RDONLY));
  const auto outside = media::decode_film(media::PlainFfmpeg(), file.value(), {});
  ASSERT_TRUE(outside.ok()) << outside.error().message;
  EXPECT_EQ(film->values, outside->values);
  EXPECT_EQ(film->seconds, outside->seconds);
}

TEST_F(FfmpegTest, WhatIsNoFilmIsAnError) {
  const std::string whole = read_file(film_path);
  for (const std::string& bytes :
       {std::string(), std::string("no film"), std::string(100'000, '\0'), whole.substr(0, 400),
        read_file("CMakeLists.txt")}) {
    const auto film = decode(write("bad", bytes));
    ASSERT_FALSE(film.ok()) << bytes.size();
    EXPECT_EQ(film.error().code, ErrorCode::corrupt) << film.error().message;
  }
}

// Whatever a film does to FFmpeg, it is an answer.
TEST_F(FfmpegTest, ScrambledFilmsEnd) {
  const std::string whole = read_file(film_path);
  for (unsigned seed = 1; seed <= 12; ++seed) {
    std::string bytes = whole;
    for (unsigned i = 0; i < 40 * seed; ++i)
      bytes[(i * 2654435761u * seed) % bytes.size()] = static_cast<char>(i * 97 + seed);
    const auto film = decode(write("scrambled", bytes));
    EXPECT_TRUE(film.ok() || film.error().code == ErrorCode::corrupt) << film.error().message;
  }
}

// There is nothing in it to look at.
TEST_F(FfmpegTest, SoundAloneIsNoFilm) {
  const auto film = decode("tests/golden/models/muse_spark_film/sound_0.wav");
  ASSERT_FALSE(film.ok());
  EXPECT_EQ(film.error().code, ErrorCode::unsupported) << film.error().message;
}

// A sound without loss in another format is the same sound; others are what FFmpeg makes of them.
TEST_F(FfmpegTest, SoundsOfOtherFormatsAreConverted) {
  const fs::path wav = folder_ / "sound.wav";
  ASSERT_EQ(
      std::system(("ffmpeg -v error -f lavfi -i "
                   "'sine=frequency=440:sample_rate=24000:duration=1' " +
                   wav.string() + " && cd " + folder_.string() +
                   " && for to in flac mp3 ogg m4a; do ffmpeg -v error -i sound.wav sound.$to; done"
                   " && ffmpeg -v error -i sound.wav -ar 44100 -ac 2 other.wav")
                      .c_str()),
      0);
  const std::string bytes = read_file(wav);
  const auto expected = media::decode_sound(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  for (const char* name : {"sound.flac", "sound.mp3", "sound.ogg", "sound.m4a", "other.wav"}) {
    const Descriptor file(open((folder_ / name).c_str(), O_RDONLY));
    const auto sound = media::convert_sound(*ffmpeg_, file.value());
    ASSERT_TRUE(sound.ok()) << name << ": " << sound.error().message;
    if (name == std::string("sound.flac")) {
      EXPECT_EQ(sound->samples, expected->samples);
    }
    const auto outside = media::convert_sound(media::PlainFfmpeg(), file.value());
    ASSERT_TRUE(outside.ok()) << name;
    EXPECT_EQ(sound->samples, outside->samples) << name;
    // Encoders add silence at both ends.
    EXPECT_NEAR(static_cast<double>(sound->samples.size()), 24'000, 3'000) << name;
  }
}

TEST_F(FfmpegTest, PicturesOfOtherFormatsAreConverted) {
  const fs::path png = "tests/golden/models/muse_glimmer_eyes/picture_0.png";
  ASSERT_EQ(std::system(("for to in bmp tiff; do ffmpeg -v error -i " + png.string() +
                         " -pix_fmt rgb24 " + folder_.string() + "/picture.$to; done")
                            .c_str()),
            0);
  const std::string bytes = read_file(png);
  const auto expected = media::decode_picture(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(expected.ok());
  for (const char* name : {"picture.bmp", "picture.tiff"}) {
    const Descriptor file(open((folder_ / name).c_str(), O_RDONLY));
    const auto picture = media::convert_picture(*ffmpeg_, file.value());
    ASSERT_TRUE(picture.ok()) << name << ": " << picture.error().message;
    EXPECT_EQ(picture->width, expected->width);
    EXPECT_EQ(picture->pixels, expected->pixels) << name;
  }
}

TEST_F(FfmpegTest, CanBeStopped) {
  std::stop_source stop;
  stop.request_stop();
  const auto film = decode(film_path, stop.get_token());
  ASSERT_FALSE(film.ok());
  EXPECT_EQ(film.error().code, ErrorCode::cancelled);
}

TEST_F(FfmpegTest, TooLargeAFileIsNotRead) {
  const fs::path path = write("large", "");
  fs::resize_file(path, SandboxedFfmpeg::kMostBytes + 1);
  const auto film = decode(path);
  ASSERT_FALSE(film.ok());
  EXPECT_EQ(film.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace helicon::tools
