#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "media/film.h"
#include "media/picture_patches.h"

namespace helicon::media {
namespace {

namespace fs = std::filesystem;

class RulesTest : public testing::Test {
 protected:
  ~RulesTest() override { fs::remove_all(folder_); }
  // A folder of these files, and no others.
  const fs::path& folder(const std::map<std::string, std::string>& files) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    for (const auto& [name, text] : files) std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_;
  }

 private:
  const fs::path folder_ =
      fs::temp_directory_path() / ("helicon_rules_" + std::to_string(getpid()));
};

constexpr const char* kNested = R"({"image_processor": {"patch_size": 4, "max_image_tokens": 9},
                                    "video_processor": {"patch_size": 5, "num_frames": 7, "fps": 1.5}})";

TEST_F(RulesTest, DefaultsWhereAFolderSaysNothing) {
  const auto pictures = read_picture_rules(folder({}));
  const auto films = read_film_rules(folder({}));
  ASSERT_TRUE(pictures.ok() && films.ok());
  EXPECT_EQ(pictures->patch, 14u);
  EXPECT_EQ(pictures->most_tokens, 4096u);
  EXPECT_EQ(films->pictures.most_tokens, 144u);
  EXPECT_EQ(films->most_frames, 96u);
  EXPECT_EQ(films->frames_per_second, 2);
}

TEST_F(RulesTest, EachKindHasItsPart) {
  const auto pictures = read_picture_rules(folder({{"processor_config.json", kNested}}));
  const auto films = read_film_rules(folder({{"processor_config.json", kNested}}));
  ASSERT_TRUE(pictures.ok() && films.ok());
  EXPECT_EQ(pictures->patch, 4u);
  EXPECT_EQ(pictures->most_tokens, 9u);
  EXPECT_EQ(films->pictures.patch, 5u);
  EXPECT_EQ(films->pictures.most_tokens, 144u);
  EXPECT_EQ(films->most_frames, 7u);
  EXPECT_EQ(films->frames_per_second, 1.5);
}

// As the reference looks for them: a processor without a part for films is passed over.
TEST_F(RulesTest, FilmsAreLookedForInOrder) {
  const char* own = R"({"patch_size": 6, "max_video_frame_tokens": 12})";
  const char* older = R"({"patch_size": 7, "max_image_tokens": 5})";
  const auto patch = [&](const std::map<std::string, std::string>& files) {
    const auto rules = read_film_rules(folder(files));
    return rules.ok() ? rules->pictures.patch : 0;
  };
  EXPECT_EQ(patch({{"preprocessor_config.json", older}}), 7u);
  EXPECT_EQ(patch({{"preprocessor_config.json", older}, {"video_preprocessor_config.json", own}}),
            6u);
  EXPECT_EQ(patch({{"processor_config.json", R"({"image_processor": {"patch_size": 4}})"},
                   {"video_preprocessor_config.json", own}}),
            6u);
  EXPECT_EQ(patch({{"processor_config.json", kNested}, {"video_preprocessor_config.json", own}}),
            5u);
}

TEST_F(RulesTest, WhatCannotBeIsAnErrorThatNamesIt) {
  struct Case {
    const char* text;
    ErrorCode code;
    const char* said;
  };
  for (const Case& one : {
           Case{R"({"patch_size": 0})", ErrorCode::corrupt, "patch_size must be"},
           Case{R"({"patch_size": "4"})", ErrorCode::corrupt, "patch_size must be"},
           Case{R"({"num_frames": 5000})", ErrorCode::corrupt, "num_frames must be"},
           Case{R"({"fps": 0})", ErrorCode::corrupt, "fps must be"},
           Case{R"({"fps": -1e400})", ErrorCode::corrupt, ""},
           Case{R"({"image_mean": [1, 2]})", ErrorCode::corrupt, "image_mean must be"},
           Case{R"({"image_std": [1, 0, 1]})", ErrorCode::corrupt, "image_std"},
           Case{R"({"do_resize": false})", ErrorCode::unsupported, "do_resize must be true"},
           Case{R"({"do_sample_frames": false})", ErrorCode::unsupported, "do_sample_frames"},
           Case{R"({"resample": 3})", ErrorCode::unsupported, "resample must be 1"},
           Case{R"({"frame_timestamp_format": "{}"})", ErrorCode::unsupported, "timestamp"},
           Case{"[1]", ErrorCode::corrupt, "video_preprocessor_config.json"},
           Case{"{", ErrorCode::corrupt, "video_preprocessor_config.json"},
       }) {
    const auto rules = read_film_rules(folder({{"video_preprocessor_config.json", one.text}}));
    ASSERT_FALSE(rules.ok()) << one.text;
    EXPECT_EQ(rules.error().code, one.code) << one.text << ": " << rules.error().message;
    EXPECT_NE(rules.error().message.find(one.said), std::string::npos) << rules.error().message;
  }
}

}  // namespace
}  // namespace helicon::media
