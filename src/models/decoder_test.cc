#include "models/decoder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "models/tiny_model.h"

namespace helicon::models {
namespace {

class EachArchitecture : public testing::TestWithParam<const char*> {};

TEST_P(EachArchitecture, ARowsNumbersDoNotDependOnPiecesOrThreads) {
  const TinyModel tiny(GetParam());
  auto model = tiny.open(), threaded = tiny.open(3);
  ASSERT_TRUE(model.ok()) << model.error().message;
  const std::vector<int32_t> tokens = random_tokens(150, 1);
  const std::vector<float> expected = logits_in_pieces(*model, tokens, 1);
  for (const float logit : expected) ASSERT_TRUE(std::isfinite(logit));
  for (const size_t piece : {2u, 7u, 32u, 128u})
    EXPECT_EQ(logits_in_pieces(*model, tokens, piece), expected) << piece;
  EXPECT_EQ(logits_in_pieces(*threaded, tokens, 64), expected);
}

TEST_P(EachArchitecture, ARowsNumbersDoNotDependOnItsCompany) {
  const TinyModel tiny(GetParam());
  auto model = tiny.open(2);
  ASSERT_TRUE(model.ok()) << model.error().message;
  constexpr size_t kSequences = 9;
  std::vector<cache::Sequence> sequences;
  std::vector<std::vector<int32_t>> tokens;
  std::vector<std::vector<float>> together(kSequences), alone;
  for (unsigned i = 0; i < kSequences; ++i) {
    tokens.push_back(random_tokens(20 + 13 * i, 100 + i));
    alone.push_back(logits_in_pieces(*model, tokens.back(), 16));
    sequences.emplace_back(*model->pages);
    ASSERT_TRUE(sequences.back().reserve(static_cast<int>(tokens.back().size())));
  }
  // Ragged batches: each sequence goes on by a different number of rows.
  for (bool more = true; more;) {
    more = false;
    std::vector<models::Run> runs;
    std::vector<size_t> owner;
    for (size_t i = 0; i < kSequences; ++i) {
      const auto done = static_cast<size_t>(sequences[i].length());
      const size_t count = std::min(1 + i * 2, tokens[i].size() - done);
      if (count == 0) continue;
      runs.push_back(
          {&sequences[i], std::span(tokens[i]).subspan(done, count), sequences[i].length(), count});
      owner.push_back(i);
      more = true;
    }
    if (!more) break;
    auto logits = model->decoder->forward(runs, *model->pages);
    for (size_t r = 0; r < runs.size(); ++r) {
      const size_t size = runs[r].tokens.size() * kVocabulary;
      together[owner[r]].insert(together[owner[r]].end(), logits.begin(),
                                logits.begin() + static_cast<std::ptrdiff_t>(size));
      logits = logits.subspan(size);
      sequences[owner[r]].advance(static_cast<int>(runs[r].tokens.size()));
    }
  }
  for (size_t i = 0; i < kSequences; ++i) EXPECT_EQ(together[i], alone[i]) << "sequence " << i;
}

TEST_P(EachArchitecture, WhatAnEarlierStartHasPackedIsTheSame) {
  const TinyModel tiny(GetParam());
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("helicon_kept_" + std::to_string(getpid()));
  std::filesystem::remove_all(folder);
  OpenOptions options;
  options.threads = 2;
  options.packed_folder = folder;
  std::vector<double> progress;
  options.on_progress = [&](double done) { progress.push_back(done); };
  const std::vector<int32_t> tokens = random_tokens(40, 7);
  auto first = tiny.open(options);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_FALSE(first->kept_packed);
  const std::vector<float> expected = logits_in_pieces(*first, tokens, 16);
  // The file is not written anew: a changed one is another one.
  const std::filesystem::path file = tiny.path();
  Result<OpenModel> second = open_model(file, options);
  for (int i = 0; i < 500 && second.ok() && !second->kept_packed; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    second = open_model(file, options);
  }
  ASSERT_TRUE(second.ok()) << second.error().message;
  ASSERT_TRUE(second->kept_packed);
  EXPECT_DOUBLE_EQ(progress.back(), 1.0);
  EXPECT_EQ(logits_in_pieces(*second, tokens, 16), expected);

  // One byte of the file later it is packed anew, although name and size are what they were.
  TinyModel changed(GetParam());
  changed.tensor("output_norm.weight").data[0] ^= 1;
  auto third = changed.open(options);
  ASSERT_TRUE(third.ok()) << third.error().message;
  EXPECT_FALSE(third->kept_packed);
  third = Error{};  // and with it goes the thread that keeps what it has packed
  std::filesystem::remove_all(folder);
}

TEST_P(EachArchitecture, EveryTensorIsCalledForByNameAndShape) {
  const TinyModel whole(GetParam());
  ASSERT_TRUE(whole.open().ok());
  for (size_t i = 0; i < whole.image.tensors.size(); ++i) {
    const std::string name = whole.image.tensors[i].name;
    if (name.starts_with("blk.") && !name.starts_with("blk.0.")) continue;  // as the first
    TinyModel broken(GetParam());
    broken.image.tensors.erase(broken.image.tensors.begin() + static_cast<std::ptrdiff_t>(i));
    const auto missing = broken.open();
    ASSERT_FALSE(missing.ok()) << name;
    EXPECT_NE(missing.error().message.find(name), std::string::npos) << missing.error().message;
    TinyModel reshaped(GetParam());
    reshaped.image.tensors[i].shape[0] += 8;
    reshaped.image.tensors[i].data.resize(2 * reshaped.image.tensors[i].data.size());
    const auto wrong = reshaped.open();
    // A larger vocabulary is no wrong shape.
    if (name != "token_embd.weight") {
      ASSERT_FALSE(wrong.ok()) << name;
      EXPECT_NE(wrong.error().message.find(name), std::string::npos) << wrong.error().message;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, EachArchitecture,
                         testing::Values("llama", "qwen2", "gemma3"),
                         [](const auto& param) { return std::string(param.param); });

TEST(OpenModel, ImpossibleNumbersAreErrorsThatNameThem) {
  struct Case {
    const char* said;
    std::function<void(TinyModel&)> change;
  };
  const auto replace = [](TinyModel& model, const std::string& name, auto value) {
    std::erase_if(model.image.keys,
                  [&](const std::string& key) { return key.find("llama." + name) == 8; });
    model.number(name, value);
  };
  const Case cases[] = {
      {"embedding_length", [&](TinyModel& m) { replace(m, "embedding_length", 0u); }},
      {"block_count", [&](TinyModel& m) { replace(m, "block_count", 4000000000u); }},
      {"head", [&](TinyModel& m) { replace(m, "attention.head_count", 3u); }},
      {"head", [&](TinyModel& m) { replace(m, "attention.head_count_kv", 3u); }},
      {"head",
       [&](TinyModel& m) {
         replace(m, "attention.head_count", 1u);
         replace(m, "attention.head_count_kv", 1u);
         m.number("attention.key_length", 250u);
       }},
      {"layer_norm_rms_epsilon",
       [&](TinyModel& m) { replace(m, "attention.layer_norm_rms_epsilon", NAN); }},
      {"layer_norm_rms_epsilon",
       [&](TinyModel& m) { replace(m, "attention.layer_norm_rms_epsilon", -1.0f); }},
      {"blk.1.", [&](TinyModel& m) { replace(m, "block_count", 1u); }},
      {"rope.scaling.type",
       [&](TinyModel& m) { m.number("rope.scaling.type", std::string("yarn")); }},
      {"rope.freq_base", [&](TinyModel& m) { m.number("rope.freq_base", -1.0f); }},
      {"expert", [&](TinyModel& m) { m.number("expert_count", 8u); }},
  };
  for (const Case& one : cases) {
    TinyModel model("llama");
    one.change(model);
    const auto opened = model.open();
    ASSERT_FALSE(opened.ok()) << one.said;
    EXPECT_NE(opened.error().message.find(one.said), std::string::npos) << opened.error().message;
    EXPECT_NE(opened.error().message.find(".gguf"), std::string::npos) << opened.error().message;
  }
}

TEST(OpenModel, UnknownArchitectureSaysWhatIsKnown) {
  const TinyModel model("mamba");
  const auto opened = model.open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::unsupported);
  EXPECT_NE(opened.error().message.find("llama, qwen2, gemma3"), std::string::npos);
}

TEST(OpenModel, ContextBeyondTheModelsIsRefused) {
  const TinyModel model("llama");
  const auto opened = model.open(1, 513);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("513"), std::string::npos);
  EXPECT_NE(opened.error().message.find("512"), std::string::npos);
}

TEST(OpenModel, WhatDoesNotFitIsRefusedWithTheNumbers) {
  TinyModel model("llama");
  // Keys and values of a context of 16 million tokens: some 30 TB.
  std::erase_if(model.image.keys,
                [](const std::string& key) { return key.find("llama.context_length") == 8; });
  model.number("context_length", 1u << 24);
  const auto opened = model.open(1, 1u << 24);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::out_of_memory);
  EXPECT_NE(opened.error().message.find("available"), std::string::npos) << opened.error().message;
}

}  // namespace
}  // namespace helicon::models
