// The tiny models of tests/golden/models.py, whose reference is transformers, written as GGUF.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "convert/gguf_export.h"
#include "convert/quantize_model.h"
#include "encoders/eyes.h"
#include "media/picture.h"
#include "models/golden_models.h"

namespace helicon::convert {
namespace {

namespace fs = std::filesystem;
using models::DecoderConfig;
using models::Expected;
using models::folder_of;
using models::kGoldenTolerance;
using models::OpenModel;

class Converted : public testing::Test {
 protected:
  Converted() { fs::create_directory(folder_); }
  ~Converted() override { fs::remove_all(folder_); }

  fs::path write(const fs::path& source, const std::string& type) {
    const fs::path target = folder_ / (source.stem().string() + "-" + type + ".gguf");
    auto file = weights::ModelFile::open(source);
    EXPECT_TRUE(file.ok()) << file.error().message;
    const auto report =
        quantize_model(std::move(file).value(), source, target, *find_quantize_type(type), {});
    EXPECT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report.ok() ? report->bytes : 0, fs::file_size(target));
    return target;
  }

  // With what only the folder says: which tokens stand for a medium.
  static Result<OpenModel> open(const fs::path& path, const std::string& name, bool exact = true) {
    HELICON_ASSIGN(const auto folder, weights::ModelFile::open(folder_of(name)));
    HELICON_ASSIGN(const DecoderConfig config, models::configure(*folder));
    HELICON_ASSIGN(auto file, weights::ModelFile::open(path));
    HELICON_ASSIGN(DecoderConfig found, models::configure(*file));
    found.placeholders = config.placeholders;
    models::OpenOptions options = models::exactly();
    options.exact = exact;
    return models::open_model(std::move(file), std::move(found), "golden.gguf", options);
  }

  static std::vector<float> logits(const fs::path& path, const std::string& name,
                                   const Expected& expected, bool exact = true) {
    auto model = open(path, name, exact);
    EXPECT_TRUE(model.ok()) << model.error().message;
    if (!model.ok()) return {};
    cache::Sequence sequence(*model->pages);
    return models::run(*model, sequence, expected.tokens);
  }

  const fs::path folder_ =
      fs::temp_directory_path() / ("helicon_convert_" + std::to_string(getpid()));
};

double mean_difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double difference = 0, magnitude = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += std::abs(a[i] - b[i]);
    magnitude += std::abs(b[i]);
  }
  return difference / magnitude;
}

class EachModel : public Converted, public testing::WithParamInterface<const char*> {};

TEST_P(EachModel, AsGgufIsTheSameModel) {
  const std::string name = GetParam();
  const Expected expected = models::read_expected(name);
  const fs::path path = write(folder_of(name), "f32");
  EXPECT_LE(models::largest_difference(logits(path, name, expected), expected.logits),
            kGoldenTolerance * expected.largest());
  // And once more from there: a GGUF file's own names.
  const fs::path again = write(path, "f32");
  EXPECT_EQ(read_file(again), read_file(path));
}

TEST_P(EachModel, FewerBitsMoveItLittle) {
  const std::string name = GetParam();
  const Expected expected = models::read_expected(name);
  const auto off = [&](const char* type) {
    return mean_difference(logits(write(folder_of(name), type), name, expected), expected.logits);
  };
  EXPECT_LE(off("f16"), 5e-3);
  EXPECT_LE(off("bf16"), 4e-2);
  EXPECT_LE(off("q8_0"), 0.1);
}

INSTANTIATE_TEST_SUITE_P(All, EachModel,
                         testing::Values("qwen3_full", "qwen3_moe_full", "muse_glimmer_window",
                                         "muse_glimmer_silent", "qwen3_fp8", "qwen3_nvfp4",
                                         "qwen3_moe_nvfp4"),
                         [](const auto& test) { return std::string(test.param); });

// Experts of a quantised tensor: each is packed out of it by itself.
TEST_F(Converted, PackedExpertsAreThoseOfTheFile) {
  const std::string name = "qwen3_moe_full";
  const Expected expected = models::read_expected(name);
  const fs::path packed = write(folder_of(name), "q8_0"), floats = write(packed, "f32");
  const std::vector<float> exact = logits(floats, name, expected);
  EXPECT_LE(models::largest_difference(logits(packed, name, expected), exact),
            kGoldenTolerance * expected.largest());
  // With activations of 8 bits, which may change what a router chooses: on the average.
  EXPECT_LE(mean_difference(logits(packed, name, expected, false), exact), 0.1);
}

TEST_F(Converted, WhatGgufCannotSayIsRefused) {
  const auto refusal = [&](const std::string& name) {
    const auto file = weights::ModelFile::open(folder_of(name));
    const auto exported = export_gguf(*file);
    EXPECT_FALSE(exported.ok());
    return exported.ok() ? Error{} : exported.error();
  };
  EXPECT_EQ(refusal("muse_spark_mixed").code, ErrorCode::unsupported);
  EXPECT_NE(refusal("qwen3_window").message.find("slides"), std::string::npos);
  EXPECT_NE(refusal("qwen3_moe_fp8").message.find("norm_topk_prob"), std::string::npos);
}

TEST_F(Converted, TheEyesStayBehind) {
  const auto file = weights::ModelFile::open(folder_of("muse_glimmer_eyes"));
  const auto exported = export_gguf(*file);
  ASSERT_TRUE(exported.ok()) << exported.error().message;
  EXPECT_GT(exported->left_out, 10u);
}

// What a model's eyes see in its pictures, one after the other.
std::vector<float> seen(const fs::path& eyes, const fs::path& folder) {
  ThreadPool threads(2);
  auto file = weights::ModelFile::open(eyes);
  EXPECT_TRUE(file.ok()) << file.error().message;
  auto opened = encoders::Eyes::open(std::move(file).value(), eyes, threads, true);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  std::vector<float> all;
  for (int i = 0; fs::exists(folder / fmt::format("picture_{}.png", i)); ++i) {
    const std::string png = read_file(folder / fmt::format("picture_{}.png", i));
    const auto picture = media::decode_picture(std::as_bytes(std::span(png)));
    EXPECT_TRUE(picture.ok());
    const auto embeddings = opened->look(*picture);
    EXPECT_TRUE(embeddings.ok()) << embeddings.error().message;
    all.insert(all.end(), embeddings->begin(), embeddings->end());
  }
  return all;
}

TEST_F(Converted, EyesInAFileOfTheirOwnSeeTheSame) {
  const fs::path folder = folder_of("muse_glimmer_eyes"), path = folder_ / "mmproj-x.gguf";
  QuantizeOptions options;
  options.eyes = true;
  const auto report = quantize_model(weights::ModelFile::open(folder).value(), folder, path,
                                     *find_quantize_type("f32"), options);
  ASSERT_TRUE(report.ok()) << report.error().message;
  const std::vector<float> expected = seen(folder, folder);
  float largest = 0;
  for (const float value : expected) largest = std::max(largest, std::abs(value));
  EXPECT_LE(models::largest_difference(seen(path, folder), expected), kGoldenTolerance * largest);
  // Layers that see windows elsewhere: such a file has no word for it.
  const fs::path odd = folder_of("muse_glimmer_eyes_odd");
  const auto refused = export_eyes(weights::ModelFile::open(odd).value(), odd);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
}

// Beside a model, by its name, or as the only one.
TEST_F(Converted, EyesAreFoundBesideTheirModel) {
  const fs::path model = write(folder_of("muse_glimmer_eyes"), "f32");
  const auto file = weights::ModelFile::open(model).value();
  const auto found = [&] { return encoders::find_eyes(file, model).value(); };
  EXPECT_EQ(found(), file);
  QuantizeOptions options;
  options.eyes = true;
  const auto write_eyes = [&](const std::string& name) {
    EXPECT_TRUE(quantize_model(weights::ModelFile::open(folder_of("muse_glimmer_eyes")).value(),
                               folder_of("muse_glimmer_eyes"), folder_ / name,
                               *find_quantize_type("f16"), options)
                    .ok());
  };
  write_eyes("mmproj-other.gguf");
  EXPECT_NE(found(), file);
  write_eyes("mmproj-third.gguf");
  EXPECT_EQ(found(), file);  // which of the two, nobody can tell
  write_eyes("mmproj-" + model.stem().string() + ".gguf");
  EXPECT_NE(found(), file);
}

TEST_F(Converted, AStopLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  QuantizeOptions options;
  options.stop = stop.get_token();
  auto file = weights::ModelFile::open(folder_of("qwen3_full"));
  const auto report = quantize_model(std::move(file).value(), folder_of("qwen3_full"),
                                     folder_ / "x.gguf", *find_quantize_type("f16"), options);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::cancelled);
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace helicon::convert
