#include "models/decoder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <random>
#include <string>

#include "kernels/test_data.h"
#include "models/open.h"
#include "weights/gguf_image.h"

namespace helicon::models {
namespace {

using tensor::ElementType;
using weights::GgufImage;

constexpr int32_t kLayers = 7;  // gemma3: six sliding, one full
constexpr uint64_t kHidden = 256, kInner = 512, kHeads = 4, kKvHeads = 2, kHead = 64,
                   kVocabulary = 300;

// A random model of an architecture, small enough for a millisecond a pass.
class TinyModel {
 public:
  explicit TinyModel(const std::string& architecture) : architecture_(architecture), random_(17) {
    image.key("general.architecture", architecture);
    number("context_length", 512u);
    number("embedding_length", static_cast<uint32_t>(kHidden));
    number("block_count", static_cast<uint32_t>(kLayers));
    number("feed_forward_length", static_cast<uint32_t>(kInner));
    number("attention.head_count", static_cast<uint32_t>(kHeads));
    number("attention.head_count_kv", static_cast<uint32_t>(kKvHeads));
    number("attention.layer_norm_rms_epsilon", 1e-6f);
    matrix("token_embd.weight", kVocabulary, kHidden, ElementType::q8_0);
    vector("output_norm.weight", kHidden);
    const bool gemma = architecture == "gemma3", qwen = architecture == "qwen2";
    if (gemma) number("attention.sliding_window", 40u);
    for (int i = 0; i < kLayers; ++i) {
      const std::string p = "blk." + std::to_string(i) + ".";
      vector(p + "attn_norm.weight", kHidden);
      matrix(p + "attn_q.weight", kHeads * kHead, kHidden, ElementType::q4_k);
      matrix(p + "attn_k.weight", kKvHeads * kHead, kHidden, ElementType::q5_0);
      matrix(p + "attn_v.weight", kKvHeads * kHead, kHidden, ElementType::f16);
      matrix(p + "attn_output.weight", kHidden, kHeads * kHead, ElementType::q6_k);
      vector(p + "ffn_norm.weight", kHidden);
      matrix(p + "ffn_gate.weight", kInner, kHidden, ElementType::q4_1);
      matrix(p + "ffn_up.weight", kInner, kHidden, ElementType::q5_k);
      matrix(p + "ffn_down.weight", kHidden, kInner, ElementType::q8_0);
      if (qwen) {
        vector(p + "attn_q.bias", kHeads * kHead);
        vector(p + "attn_k.bias", kKvHeads * kHead);
        vector(p + "attn_v.bias", kKvHeads * kHead);
      }
      if (gemma) {
        vector(p + "attn_q_norm.weight", kHead);
        vector(p + "attn_k_norm.weight", kHead);
        vector(p + "post_attention_norm.weight", kHidden);
        vector(p + "post_ffw_norm.weight", kHidden);
      }
    }
  }
  ~TinyModel() { std::filesystem::remove(path_); }

  Result<OpenModel> open(int threads = 1, size_t context = 0) const {
    image.write(path_);
    OpenOptions options;
    options.threads = threads;
    options.context_length = context;
    return open_model(path_, options);
  }
  template <typename T>
  void number(const std::string& name, T value) {
    image.key(architecture_ + "." + name, value);
  }
  GgufImage::Tensor& tensor(const std::string& name) {
    for (GgufImage::Tensor& one : image.tensors)
      if (one.name == name) return one;
    ADD_FAILURE() << name;
    return image.tensors.front();
  }

  GgufImage image;

 private:
  void matrix(const std::string& name, uint64_t rows, uint64_t columns, ElementType type) {
    const auto bytes = kernels::random_matrix(type, rows, columns, random_);
    image.tensor(name, {rows, columns}, type,
                 {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  void vector(const std::string& name, uint64_t count) {
    const auto values = kernels::random_floats(count, random_);
    image.tensor(name, {count}, ElementType::f32,
                 {reinterpret_cast<const char*>(values.data()), count * sizeof(float)});
  }

  std::string architecture_;
  std::mt19937 random_;
  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                ("helicon_decoder_" + std::to_string(getpid()) + ".gguf");
};

// Logits of every token, when the prompt goes through in pieces of `piece` rows.
std::vector<float> logits_in_pieces(OpenModel& model, const std::vector<int32_t>& tokens,
                                    size_t piece) {
  cache::Sequence sequence(*model.pages);
  EXPECT_TRUE(sequence.reserve(static_cast<int>(tokens.size())));
  std::vector<float> all;
  for (size_t start = 0; start < tokens.size(); start += piece) {
    const size_t count = std::min(piece, tokens.size() - start);
    const Run run{&sequence, std::span(tokens).subspan(start, count), sequence.length(), count};
    const auto logits = model.decoder->forward({&run, 1}, *model.pages);
    all.insert(all.end(), logits.begin(), logits.end());
    sequence.advance(static_cast<int>(count));
  }
  return all;
}

std::vector<int32_t> random_tokens(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens(count);
  for (int32_t& token : tokens) token = static_cast<int32_t>(random() % kVocabulary);
  return tokens;
}

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
