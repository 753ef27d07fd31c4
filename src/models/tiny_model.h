// A random model of each architecture, for tests of the decoder.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "kernels/test_data.h"
#include "models/open.h"
#include "weights/gguf_image.h"

namespace helicon::models {

using tensor::ElementType;
using weights::GgufImage;

inline constexpr int32_t kLayers = 7;  // gemma3: six sliding, one full
inline constexpr uint64_t kHidden = 256, kInner = 512, kHeads = 4, kKvHeads = 2, kHead = 64,
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

  Result<OpenModel> open(int threads = 1, size_t context = 0,
                         cache::KeyValueType cache_type = cache::KeyValueType::f16) const {
    OpenOptions options;
    options.cache_type = cache_type;
    options.threads = threads;
    options.context_length = context;
    return open(options);
  }
  Result<OpenModel> open(const OpenOptions& options) const {
    image.write(path_);
    return open_model(path_, options);
  }
  const std::filesystem::path& path() const { return path_; }
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
inline std::vector<float> logits_in_pieces(OpenModel& model, const std::vector<int32_t>& tokens,
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

inline std::vector<int32_t> random_tokens(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens(count);
  for (int32_t& token : tokens) token = static_cast<int32_t>(random() % kVocabulary);
  return tokens;
}

}  // namespace helicon::models
