// Tiny models that are shown pictures, films and sounds, against what transformers computes with
// them (tests/golden/models.py), from the files on.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "encoders/audio_pyramid.h"
#include "encoders/eyes.h"
#include "media/film.h"
#include "media/plain_ffmpeg.h"
#include "media/sound.h"
#include "models/golden_models.h"

namespace helicon::models {
namespace {

constexpr int32_t kAudioToken = 90, kVideoToken = 91, kImageToken = 92;
constexpr const char* kFilmEndings[] = {"mkv", "mov"};
constexpr int32_t kPlaceholders[] = {kAudioToken, kImageToken, kVideoToken};

// The files of a medium that a model has, decoded: `name` of 0, of 1 and so on.
template <typename Medium>
std::vector<Medium> read_media(const std::string& model, std::string (*name)(size_t),
                               Result<Medium> (*decode)(std::span<const std::byte>)) {
  std::vector<Medium> media;
  for (size_t i = 0; fs::exists(folder_of(model) / name(i)); ++i) {
    const std::string bytes = read_file(folder_of(model) / name(i));
    auto medium = decode(std::as_bytes(std::span(bytes)));
    EXPECT_TRUE(medium.ok()) << medium.error().message;
    media.push_back(std::move(*medium));
  }
  return media;
}
std::vector<media::Picture> read_pictures(const std::string& model) {
  return read_media(
      model, [](size_t i) { return fmt::format("picture_{}.png", i); }, media::decode_picture);
}
std::vector<media::Sound> read_sounds(const std::string& model) {
  return read_media(
      model, [](size_t i) { return fmt::format("sound_{}.wav", i); }, media::decode_sound);
}

std::vector<media::FilmPatches> read_films(const std::string& model) {
  const auto rules = media::read_film_rules(folder_of(model));
  EXPECT_TRUE(rules.ok()) << rules.error().message;
  std::vector<media::FilmPatches> films;
  for (size_t i = 0;; ++i) {
    const auto path = std::find_if(std::begin(kFilmEndings), std::end(kFilmEndings), [&](auto end) {
      return fs::exists(folder_of(model) / fmt::format("film_{}.{}", i, end));
    });
    if (path == std::end(kFilmEndings)) return films;
    const Descriptor file(
        open((folder_of(model) / fmt::format("film_{}.{}", i, *path)).c_str(), O_RDONLY));
    auto film = media::decode_film(media::PlainFfmpeg(), file.value(), *rules);
    EXPECT_TRUE(film.ok()) << film.error().message;
    films.push_back(std::move(*film));
  }
}

// A model, with what its encoders make of the media among the tokens of its prompt.
struct Sensing {
  OpenModel model;
  std::vector<int32_t> tokens;
  std::unique_ptr<MediaNumbers> numbers;
  Media media;
};

// Lets a medium's embeddings stand for the first tokens that are `stand_in`.
void put(std::vector<float> values, int32_t stand_in, Sensing& sensing) {
  const auto rows = sensing.numbers->number(std::move(values));
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  sensing.media.push_back(*rows);
  int32_t number = (*rows)->first;
  for (size_t i = 0; i < (*rows)->count(); ++i) {
    const auto place = std::find(sensing.tokens.begin(), sensing.tokens.end(), stand_in);
    ASSERT_NE(place, sensing.tokens.end());
    *place = number++;
  }
}

using Change = void (*)(encoders::VisionConfig& config);

Result<std::unique_ptr<encoders::VisionTower>> open_tower(const std::string& name,
                                                          ThreadPool& threads, Change change = {}) {
  HELICON_ASSIGN(const auto file, weights::ModelFile::open(folder_of(name)));
  HELICON_ASSIGN(encoders::VisionConfig config, encoders::configure_vision(*file));
  if (change) change(config);
  HELICON_ASSIGN(const kernels::KernelTable* kernels, kernels::choose_kernels());
  weights::LoadOptions load;
  load.exact = true;
  HELICON_ASSIGN(auto loaded, encoders::load_vision_weights(file, config, threads, load));
  return std::make_unique<encoders::VisionTower>(config, std::move(loaded), *kernels, threads,
                                                 kernels::KeyValueType::f32);
}

Result<Sensing> open_sensing(const std::string& name, int threads = 1, Change change = {}) {
  Sensing sensing;
  OpenOptions options = exactly();
  options.threads = threads;
  HELICON_ASSIGN(sensing.model, open_model(folder_of(name), options));
  sensing.tokens = read_expected(name).tokens;
  const DecoderConfig& config = sensing.model.decoder->config();
  sensing.numbers = std::make_unique<MediaNumbers>(config.vocabulary, config.hidden);
  HELICON_ASSIGN(const auto tower, open_tower(name, *sensing.model.threads, change));
  HELICON_ASSIGN(const media::PictureRules rules, media::read_picture_rules(folder_of(name)));
  for (const media::Picture& picture : read_pictures(name)) {
    const media::PicturePatches patches = media::make_patches(picture, rules);
    HELICON_ASSIGN(const std::vector<float> rows,
                   tower->encode(patches.values, {1, patches.grid.height, patches.grid.width}));
    put(rows, kImageToken, sensing);
  }
  for (const media::FilmPatches& film : read_films(name)) {
    HELICON_ASSIGN(
        const std::vector<float> rows,
        tower->encode(film.values, {film.seconds.size(), film.grid.height, film.grid.width}));
    put(rows, kVideoToken, sensing);
  }
  const std::vector<media::Sound> sounds = read_sounds(name);
  if (sounds.empty()) return sensing;
  HELICON_ASSIGN(const auto file, weights::ModelFile::open(folder_of(name)));
  HELICON_ASSIGN(auto ears, encoders::AudioPyramid::open(file, *sensing.model.threads, true));
  for (const media::Sound& sound : sounds) put(ears.hear_all(sound.samples), kAudioToken, sensing);
  return sensing;
}

class EachSensingModel : public testing::TestWithParam<const char*> {};

TEST_P(EachSensingModel, PatchesAreTheReferences) {
  const auto rules = media::read_picture_rules(folder_of(GetParam()));
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  std::vector<float> values;
  for (const media::Picture& picture : read_pictures(GetParam())) {
    const auto patches = media::make_patches(picture, *rules);
    values.insert(values.end(), patches.values.begin(), patches.values.end());
  }
  if (!values.empty()) {
    EXPECT_LE(largest_difference(values, read_npy(folder_of(GetParam()) / "pixels.npy")), 1e-6f);
  }
  const std::vector<media::FilmPatches> films = read_films(GetParam());
  ASSERT_FALSE(values.empty() && films.empty());
  if (films.empty()) return;
  values.clear();
  std::vector<double> seconds;
  for (const media::FilmPatches& film : films) {
    values.insert(values.end(), film.values.begin(), film.values.end());
    seconds.insert(seconds.end(), film.seconds.begin(), film.seconds.end());
  }
  EXPECT_LE(largest_difference(values, read_npy(folder_of(GetParam()) / "film_pixels.npy")), 1e-6f);
  const auto expected = boost::json::parse(read_file(folder_of(GetParam()) / "film_seconds.json"));
  ASSERT_EQ(seconds.size(), expected.as_array().size());
  for (size_t i = 0; i < seconds.size(); ++i)
    EXPECT_NEAR(seconds[i], expected.at(i).to_number<double>(), 1e-6);
}

TEST_P(EachSensingModel, LogitsAreTheReferences) {
  auto sensing = open_sensing(GetParam());
  ASSERT_TRUE(sensing.ok()) << sensing.error().message;
  Expected expected = read_expected(GetParam());
  expected.tokens = sensing->tokens;
  const float found = distance(sensing->model, expected, sensing->media);
  RecordProperty("distance", std::to_string(found));
  EXPECT_LE(found, kGoldenTolerance);
}

TEST_P(EachSensingModel, GreedyContinuationIsTheReferences) {
  auto sensing = open_sensing(GetParam());
  ASSERT_TRUE(sensing.ok()) << sensing.error().message;
  const Expected expected = read_expected(GetParam());
  // One more placeholder would need one more picture, sound or film: the reference leaves them out,
  // the last where there are films.
  const bool films = fs::exists(folder_of(GetParam()) / "film_pixels.npy");
  expect_continuation(sensing->model, sensing->tokens, expected,
                      std::span(kPlaceholders).first(films ? 3 : 2), sensing->media);
}

// To the last bit.
TEST_P(EachSensingModel, WhatIsSeenDoesNotDependOnThreads) {
  auto one = open_sensing(GetParam(), 1), three = open_sensing(GetParam(), 3);
  ASSERT_TRUE(one.ok() && three.ok());
  cache::Sequence first(*one->model.pages), second(*three->model.pages);
  EXPECT_EQ(run(one->model, first, one->tokens, one->media),
            run(three->model, second, three->tokens, three->media));
}

INSTANTIATE_TEST_SUITE_P(Golden, EachSensingModel,
                         testing::Values("muse_glimmer_eyes", "muse_glimmer_eyes_silent",
                                         "muse_glimmer_eyes_odd", "muse_spark_senses",
                                         "muse_glimmer_film", "muse_glimmer_film_silent",
                                         "muse_spark_film"));

// A term of the tower, and the config without it.
struct LeftOut {
  const char* term;
  const char* model;
  Change change;
};

void no_windows(encoders::VisionConfig& config) {
  config.windowed.assign(config.windowed.size(), false);
}
void windows_only(encoders::VisionConfig& config) {
  config.windowed.assign(config.windowed.size(), true);
}
void last_layer_windowed(encoders::VisionConfig& config) { config.windowed.back() = true; }
void no_rotation(encoders::VisionConfig& config) {
  std::fill(config.frequencies.begin(), config.frequencies.end(), 0.0f);
}
// With another theta, the first frequency is the same.
void other_theta(encoders::VisionConfig& config) {
  for (float& frequency : config.frequencies) frequency = std::pow(frequency, 0.8f);
}
void other_layer_epsilon(encoders::VisionConfig& config) { config.norm_epsilon = 1e-3f; }
void usual_outer_epsilon(encoders::VisionConfig& config) { config.outer_norm_epsilon = 1e-5f; }
void usual_output_epsilon(encoders::VisionConfig& config) { config.output_epsilon = 1e-5f; }
void other_table_order(encoders::VisionConfig& config) {
  config.transposed_positions = !config.transposed_positions;
}

constexpr LeftOut kLeftOut[] = {
    {"windows", "muse_glimmer_eyes", no_windows},
    {"whole pictures", "muse_glimmer_eyes", windows_only},
    {"whole picture of the last layer", "muse_glimmer_eyes", last_layer_windowed},
    {"rotation", "muse_glimmer_eyes", no_rotation},
    {"theta", "muse_glimmer_eyes", other_theta},
    {"epsilon of the layers' norms", "muse_glimmer_eyes", other_layer_epsilon},
    {"order of the table of positions", "muse_glimmer_eyes", other_table_order},
    {"theta", "muse_glimmer_eyes_silent", other_theta},
    {"theta", "muse_glimmer_eyes_odd", other_theta},
    {"windows", "muse_glimmer_eyes_odd", no_windows},
    {"epsilon of the outer norms", "muse_glimmer_eyes_odd", usual_outer_epsilon},
    {"epsilon of the embeddings' norm", "muse_glimmer_eyes_odd", usual_output_epsilon},
    {"order of the table of positions", "muse_spark_senses", other_table_order},
};

// Otherwise the comparison would not see that the term is there.
TEST(GoldenMedia, EachTermLeftOutShows) {
  for (const LeftOut& one : kLeftOut) {
    auto sensing = open_sensing(one.model, 1, one.change);
    ASSERT_TRUE(sensing.ok()) << sensing.error().message;
    Expected expected = read_expected(one.model);
    expected.tokens = sensing->tokens;
    EXPECT_GT(distance(sensing->model, expected, sensing->media), kGoldenTolerance)
        << one.model << " without its " << one.term;
  }
}

// Keys and values of the tower in 16 bits, as a user has them.
TEST(GoldenMedia, EyesLookAtAFile) {
  const std::string name = "muse_glimmer_eyes";
  const auto file = weights::ModelFile::open(folder_of(name));
  ASSERT_TRUE(file.ok());
  ThreadPool threads(2);
  auto exact = encoders::Eyes::open(*file, folder_of(name), threads, true);
  auto usual = encoders::Eyes::open(*file, folder_of(name), threads, false);
  ASSERT_TRUE(exact.ok() && usual.ok());
  const media::Picture picture = read_pictures(name).front();
  const auto a = exact->look(picture), b = usual->look(picture);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_GT(largest_difference(*a, *b), 0);
  EXPECT_LE(largest_difference(*a, *b), 0.05f);
}

TEST(GoldenMedia, AModelWithoutEyesOrEarsSaysSo) {
  const auto file = weights::ModelFile::open(folder_of("qwen3_full"));
  ASSERT_TRUE(file.ok());
  ThreadPool threads(1);
  const auto eyes = encoders::Eyes::open(*file, folder_of("qwen3_full"), threads, true);
  const auto ears = encoders::AudioPyramid::open(*file, threads, true);
  ASSERT_TRUE(!eyes.ok() && !ears.ok());
  for (const Error& error : {eyes.error(), ears.error()}) {
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_NE(error.message.find("qwen3"), std::string::npos);
  }
}

TEST(GoldenMedia, ALookIsStopped) {
  ThreadPool threads(1);
  const auto tower = open_tower("muse_glimmer_eyes", threads);
  ASSERT_TRUE(tower.ok());
  const std::vector<float> patches(16 * (*tower)->config().patch_values());
  std::stop_source source;
  encoders::EncodeOptions options;
  options.stop = source.get_token();
  options.on_progress = [&](double) { source.request_stop(); };
  const auto rows = (*tower)->encode(patches, {1, 4, 4}, options);
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.error().code, ErrorCode::cancelled);
}

// A sound as it is heard, in pieces of any length, gives the same to the last bit.
TEST(GoldenMedia, SoundIsTheSameInPieces) {
  const std::string name = "muse_spark_senses";
  const auto file = weights::ModelFile::open(folder_of(name));
  ASSERT_TRUE(file.ok());
  ThreadPool threads(2);
  auto ears = encoders::AudioPyramid::open(*file, threads, true);
  ASSERT_TRUE(ears.ok()) << ears.error().message;
  for (const media::Sound& sound : read_sounds(name)) {
    const std::vector<float> whole = ears->hear_all(sound.samples);
    EXPECT_EQ(whole.size(), (sound.samples.size() + 23) / 24 * ears->config().output);
    for (const size_t piece : {1u, 5u, 24u, 50u}) {
      encoders::AudioPyramid::Heard heard;
      std::vector<float> pieces;
      const auto add = [&](const std::vector<float>& rows) {
        pieces.insert(pieces.end(), rows.begin(), rows.end());
      };
      const std::span<const float> samples(sound.samples);
      for (size_t at = 0; at < samples.size(); at += piece)
        add(ears->hear(samples.subspan(at, std::min(piece, samples.size() - at)), heard));
      add(ears->finish(heard));
      EXPECT_EQ(pieces, whole) << piece;
    }
  }
}

}  // namespace
}  // namespace helicon::models
