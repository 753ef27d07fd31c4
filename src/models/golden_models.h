// The tiny models of tests/golden/models.py, and what transformers computes with them: for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "base/test_files.h"
#include "models/open.h"
#include "models/recipe.h"

namespace helicon::models {

namespace fs = std::filesystem;

inline constexpr float kGoldenTolerance = 2e-4f;  // of the largest logit
inline constexpr size_t kGoldenVocabulary = 96;

// What the reference has of a model.
struct Expected {
  std::vector<int32_t> tokens, continuation;
  std::vector<float> margins;
  std::vector<float> logits;  // [tokens, kGoldenVocabulary]

  float largest() const {
    float top = 0;
    for (const float logit : logits) top = std::max(top, std::abs(logit));
    return top;
  }
};

inline fs::path folder_of(const std::string& name) {
  return fs::path("tests/golden/models") / name;
}

// The float32 numbers of an array (numpy.lib.format, version 1.0): ten bytes, the last two the
// length of the header.
inline std::vector<float> read_npy(const fs::path& path) {
  const std::string npy = read_file(path);
  const size_t start = 10 + static_cast<unsigned char>(npy.at(8)) +
                       256 * size_t{static_cast<unsigned char>(npy.at(9))};
  std::vector<float> numbers((npy.size() - start) / sizeof(float));
  std::memcpy(numbers.data(), npy.data() + start, numbers.size() * sizeof(float));
  return numbers;
}

inline Expected read_expected(const std::string& name) {
  namespace json = boost::json;
  const json::value text = json::parse(read_file(folder_of(name) / "expected.json"));
  Expected expected;
  expected.tokens = json::value_to<std::vector<int32_t>>(text.at("tokens"));
  expected.continuation = json::value_to<std::vector<int32_t>>(text.at("continuation"));
  expected.margins = json::value_to<std::vector<float>>(text.at("margins"));
  expected.logits = read_npy(folder_of(name) / "logits.npy");
  EXPECT_EQ(expected.logits.size(), expected.tokens.size() * kGoldenVocabulary);
  return expected;
}

inline OpenOptions exactly() {
  OpenOptions options;
  options.exact = true;
  options.threads = 1;
  options.cache_type = cache::KeyValueType::f32;
  return options;
}

inline Result<OpenModel> open_golden(const std::string& name,
                                     const std::function<void(DecoderConfig&)>& change = {}) {
  HELICON_ASSIGN(auto file, weights::ModelFile::open(folder_of(name)));
  HELICON_ASSIGN(DecoderConfig config, configure(*file));
  if (change) change(config);
  return open_model(std::move(file), std::move(config), name, exactly());
}

// The logits of `tokens`, which go on from what the sequence holds: [tokens, kGoldenVocabulary].
inline std::vector<float> run(OpenModel& model, cache::Sequence& sequence,
                              std::span<const int32_t> tokens, const Media& media = {}) {
  EXPECT_TRUE(sequence.reserve(static_cast<int>(tokens.size())));
  const Run one{&sequence, tokens, sequence.length(), tokens.size(), media};
  const auto logits = model.decoder->forward({&one, 1}, *model.pages);
  sequence.advance(static_cast<int>(tokens.size()));
  return {logits.begin(), logits.end()};
}

// Goes on greedily from `tokens`, but never with one of `never`: 64 tokens, each the reference's
// wherever that one was sure.
inline void expect_continuation(OpenModel& model, std::span<const int32_t> tokens,
                                const Expected& expected, std::span<const int32_t> never = {},
                                const Media& media = {}) {
  ASSERT_EQ(expected.continuation.size(), 64u);
  cache::Sequence sequence(*model.pages);
  std::vector<float> logits = run(model, sequence, tokens, media);
  for (size_t i = 0; i < expected.continuation.size(); ++i) {
    const auto last = logits.end() - static_cast<std::ptrdiff_t>(kGoldenVocabulary);
    for (const int32_t token : never) last[token] = -INFINITY;
    const auto best = std::max_element(last, logits.end()) - last;
    if (expected.margins[i] > 1e-3f) {  // elsewhere both are as good
      ASSERT_EQ(best, expected.continuation[i]) << "token " << i;
    }
    logits = run(model, sequence, {&expected.continuation[i], 1});
  }
}

// The largest difference of two arrays; infinite where one is no number, or longer.
inline float largest_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return INFINITY;
  float most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const float difference = std::abs(a[i] - b[i]);
    most = std::isfinite(difference) ? std::max(most, difference) : INFINITY;
  }
  return most;
}

// The largest difference to the reference, as a part of its largest logit.
inline float distance(OpenModel& model, const Expected& expected, const Media& media = {}) {
  cache::Sequence sequence(*model.pages);
  return largest_difference(run(model, sequence, expected.tokens, media), expected.logits) /
         expected.largest();
}

}  // namespace helicon::models
