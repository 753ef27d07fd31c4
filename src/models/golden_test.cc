// Tiny models as folders, against what transformers computes with them (tests/golden/models.py).
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "models/open.h"
#include "models/recipe.h"
#include "weights/gguf_image.h"

namespace helicon::models {
namespace {

namespace fs = std::filesystem;

constexpr float kTolerance = 2e-4f;  // of the largest logit
constexpr size_t kVocabulary = 96;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// What the reference has of a model.
struct Expected {
  std::vector<int32_t> tokens, continuation;
  std::vector<float> margins;
  std::vector<float> logits;  // [tokens, kVocabulary]

  float largest() const {
    float top = 0;
    for (const float logit : logits) top = std::max(top, std::abs(logit));
    return top;
  }
};

fs::path folder_of(const std::string& name) { return fs::path("tests/golden/models") / name; }

Expected read_expected(const std::string& name) {
  namespace json = boost::json;
  const json::value text = json::parse(read_file(folder_of(name) / "expected.json"));
  Expected expected;
  expected.tokens = json::value_to<std::vector<int32_t>>(text.at("tokens"));
  expected.continuation = json::value_to<std::vector<int32_t>>(text.at("continuation"));
  expected.margins = json::value_to<std::vector<float>>(text.at("margins"));
  // numpy.lib.format, version 1.0: ten bytes, the last two the length of the header.
  const std::string npy = read_file(folder_of(name) / "logits.npy");
  const size_t start = 10 + static_cast<unsigned char>(npy.at(8)) +
                       256 * size_t{static_cast<unsigned char>(npy.at(9))};
  expected.logits.resize((npy.size() - start) / sizeof(float));
  std::memcpy(expected.logits.data(), npy.data() + start, expected.logits.size() * sizeof(float));
  EXPECT_EQ(expected.logits.size(), expected.tokens.size() * kVocabulary);
  return expected;
}

OpenOptions exactly() {
  OpenOptions options;
  options.exact = true;
  options.threads = 1;
  options.cache_type = cache::KeyValueType::f32;
  return options;
}

Result<OpenModel> open(const std::string& name,
                       const std::function<void(DecoderConfig&)>& change = {}) {
  HELICON_ASSIGN(auto file, weights::ModelFile::open(folder_of(name)));
  HELICON_ASSIGN(DecoderConfig config, configure(*file));
  if (change) change(config);
  return open_model(std::move(file), std::move(config), name, exactly());
}

// The logits of `tokens`, which go on from what the sequence holds: [tokens, kVocabulary].
std::vector<float> run(OpenModel& model, cache::Sequence& sequence,
                       std::span<const int32_t> tokens) {
  EXPECT_TRUE(sequence.reserve(static_cast<int>(tokens.size())));
  const Run one{&sequence, tokens, sequence.length(), tokens.size()};
  const auto logits = model.decoder->forward({&one, 1}, *model.pages);
  sequence.advance(static_cast<int>(tokens.size()));
  return {logits.begin(), logits.end()};
}

// The largest difference to the reference, as a part of its largest logit; infinite where it is no
// number.
float distance(OpenModel& model, const Expected& expected) {
  cache::Sequence sequence(*model.pages);
  const std::vector<float> logits = run(model, sequence, expected.tokens);
  if (logits.size() != expected.logits.size()) return INFINITY;
  float most = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const float difference = std::abs(logits[i] - expected.logits[i]);
    most = std::isfinite(difference) ? std::max(most, difference) : INFINITY;
  }
  return most / expected.largest();
}

class EachGoldenModel : public testing::TestWithParam<const char*> {};

TEST_P(EachGoldenModel, LogitsAreTheReferences) {
  auto model = open(GetParam());
  ASSERT_TRUE(model.ok()) << model.error().message;
  const float found = distance(*model, read_expected(GetParam()));
  RecordProperty("distance", std::to_string(found));
  EXPECT_LE(found, kTolerance);
}

TEST_P(EachGoldenModel, GreedyContinuationIsTheReferences) {
  auto model = open(GetParam());
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Expected expected = read_expected(GetParam());
  ASSERT_EQ(expected.continuation.size(), 64u);
  cache::Sequence sequence(*model->pages);
  std::vector<float> logits = run(*model, sequence, expected.tokens);
  for (size_t i = 0; i < expected.continuation.size(); ++i) {
    const auto last = logits.end() - static_cast<std::ptrdiff_t>(kVocabulary);
    const auto best = std::max_element(last, logits.end()) - last;
    if (expected.margins[i] > 1e-3f) {  // elsewhere both are as good
      ASSERT_EQ(best, expected.continuation[i]) << "token " << i;
    }
    logits = run(*model, sequence, {&expected.continuation[i], 1});
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, EachGoldenModel,
                         testing::Values("qwen3_full", "qwen3_window", "muse_glimmer_window",
                                         "muse_glimmer_mixed", "muse_glimmer_silent"));

// A term of an architecture, and the config without it.
struct LeftOut {
  const char* term;
  const char* model;
  void (*change)(DecoderConfig& config);
};

void unwindow(DecoderConfig& config) {
  for (LayerAttention& layer : config.layers) layer.window = 0;
}
void wider_by_one(DecoderConfig& config) {
  for (LayerAttention& layer : config.layers)
    if (layer.window > 0) ++layer.window;
}
void rotate_all(DecoderConfig& config) {
  for (LayerAttention& layer : config.layers) layer.rotation = 0;
}
void rotate_none(DecoderConfig& config) {
  for (LayerAttention& layer : config.layers) layer.rotation = -1;
}
void rotate_neighbours(DecoderConfig& config) { config.interleaved_rotation = true; }
// With another theta, the first frequency is the same.
void other_theta(DecoderConfig& config) {
  for (float& frequency : config.rotations[0].frequencies) frequency = std::pow(frequency, 0.9f);
}
void unscaled_rotation(DecoderConfig& config) {
  for (float& frequency : config.rotations[0].frequencies) frequency *= 2;
}
void no_head_norm(DecoderConfig& config) { config.query_key_norm = HeadNorm::none; }
void plain_head_norm(DecoderConfig& config) { config.query_key_norm = HeadNorm::plain; }
void no_query_scale(DecoderConfig& config) {
  config.attention_scale = 1 / std::sqrt(static_cast<float>(config.head_size));
}
void no_head_scale(DecoderConfig& config) {
  config.attention_scale *= std::sqrt(static_cast<float>(config.head_size));
}
void no_gate(DecoderConfig& config) { config.attention_gate = false; }
void no_offset(DecoderConfig& config) { config.norm_offset = 0; }
void no_after_norms(DecoderConfig& config) { config.after_norms = false; }
void common_epsilon(DecoderConfig& config) { config.after_norm_epsilon = config.norm_epsilon; }
void other_epsilon(DecoderConfig& config) { config.norm_epsilon = 1e-6f; }
void no_embedding_norm(DecoderConfig& config) { config.embedding_norm = false; }
void no_logit_scale(DecoderConfig& config) { config.logit_scale = 1; }
void no_cap(DecoderConfig& config) { config.final_soft_cap = 0; }
void no_placeholders(DecoderConfig& config) { config.placeholders.clear(); }
void no_image(DecoderConfig& config) { std::erase(config.placeholders, 92); }
void no_video(DecoderConfig& config) { std::erase(config.placeholders, 91); }

constexpr LeftOut kLeftOut[] = {
    {"head norm", "qwen3_full", no_head_norm},
    {"weight of the head norm", "qwen3_full", plain_head_norm},
    {"scale of the attention", "qwen3_full", no_head_scale},
    {"rotation", "qwen3_full", rotate_none},
    {"halves of the rotation", "qwen3_full", rotate_neighbours},
    {"theta", "qwen3_full", other_theta},
    {"window", "qwen3_window", unwindow},
    {"a window's last position", "qwen3_window", wider_by_one},
    {"linear scaling of positions", "qwen3_window", unscaled_rotation},
    {"window", "muse_glimmer_window", unwindow},
    {"a window's last position", "muse_glimmer_window", wider_by_one},
    {"rotation", "muse_glimmer_window", rotate_none},
    {"layers without positions", "muse_glimmer_window", rotate_all},
    {"halves of the rotation", "muse_glimmer_window", rotate_neighbours},
    {"theta", "muse_glimmer_window", other_theta},
    {"head norm", "muse_glimmer_window", no_head_norm},
    {"scale of the query", "muse_glimmer_window", no_query_scale},
    {"scale of the attention", "muse_glimmer_window", no_head_scale},
    {"output gate", "muse_glimmer_window", no_gate},
    {"1 + w", "muse_glimmer_window", no_offset},
    {"after-norms", "muse_glimmer_window", no_after_norms},
    {"epsilon of the after-norms", "muse_glimmer_window", common_epsilon},
    {"epsilon of the other norms", "muse_glimmer_window", other_epsilon},
    {"norm of the embedding", "muse_glimmer_window", no_embedding_norm},
    {"scale of the logits", "muse_glimmer_window", no_logit_scale},
    {"cap of the logits", "muse_glimmer_window", no_cap},
    {"placeholders", "muse_glimmer_window", no_placeholders},
    {"placeholder of an image", "muse_glimmer_window", no_image},
    {"placeholder of a video", "muse_glimmer_window", no_video},
    {"window", "muse_glimmer_mixed", unwindow},
    {"layers without positions", "muse_glimmer_mixed", rotate_all},
    {"scale of the query", "muse_glimmer_mixed", no_query_scale},
    {"epsilon of the after-norms", "muse_glimmer_mixed", common_epsilon},
    {"layers without positions", "muse_glimmer_silent", rotate_all},
    {"theta", "muse_glimmer_silent", other_theta},
    {"scale of the query", "muse_glimmer_silent", no_query_scale},
    {"epsilon of the after-norms", "muse_glimmer_silent", common_epsilon},
    {"cap of the logits", "muse_glimmer_silent", no_cap},
};

// Otherwise the comparison would not see that the term is there.
TEST(GoldenModels, EachTermLeftOutShows) {
  for (const LeftOut& one : kLeftOut) {
    auto model = open(one.model, one.change);
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_GT(distance(*model, read_expected(one.model)), kTolerance)
        << one.model << " without its " << one.term;
  }
}

// What is given as a folder runs like what is given as a file, the usual activations included.
TEST(GoldenModels, WithoutExactActivationsFloatsStayFloats) {
  OpenOptions options;
  options.threads = 1;
  auto model = open_model(folder_of("muse_glimmer_window"), options);
  ASSERT_TRUE(model.ok()) << model.error().message;
  // Keys and values are in 16 bits.
  EXPECT_LE(distance(*model, read_expected("muse_glimmer_window")), 0.02f);
}

// The same models as GGUF, with the names, keys and changes of numbers that llama.cpp's converter
// makes (conversion/muse_glimmer.py, conversion/qwen.py).
struct GgufName {
  const char* folder;
  const char* gguf;
};
constexpr GgufName kQwen3Names[] = {
    {"input_layernorm", "attn_norm"},    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},      {"self_attn.v_proj", "attn_v"},
    {"self_attn.q_norm", "attn_q_norm"}, {"self_attn.k_norm", "attn_k_norm"},
    {"self_attn.o_proj", "attn_output"}, {"post_attention_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},       {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
};
constexpr GgufName kMuseNames[] = {
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.gate_proj", "attn_gate"},
    {"self_attn.o_proj", "attn_output"},
    {"post_attention_layernorm", "post_attention_norm"},
    {"pre_feedforward_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"post_feedforward_layernorm", "post_ffw_norm"},
};

class GgufOf {
 public:
  GgufOf(const std::string& name, const std::string& architecture) : architecture_(architecture) {
    auto opened = weights::ModelFile::open(folder_of(name));
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    file_ = std::move(opened).value();
    auto configured = configure(*file_);
    EXPECT_TRUE(configured.ok()) << configured.error().message;
    config = std::move(configured).value();
    image_.key("general.architecture", architecture);
    key("context_length", static_cast<uint32_t>(config.context));
    key("embedding_length", static_cast<uint32_t>(config.hidden));
    key("block_count", static_cast<uint32_t>(config.layers.size()));
    key("feed_forward_length", static_cast<uint32_t>(config.feed_forward));
    key("attention.head_count", static_cast<uint32_t>(config.heads));
    key("attention.head_count_kv", static_cast<uint32_t>(config.kv_heads));
    key("attention.key_length", static_cast<uint32_t>(config.head_size));
    key("attention.value_length", static_cast<uint32_t>(config.head_size));
    key("attention.layer_norm_rms_epsilon", config.norm_epsilon);
    copy(config.names->embedding, "token_embd.weight");
    copy(config.names->output_norm, "output_norm.weight");
    copy(config.names->output, "output.weight");
  }

  template <typename T>
  void key(const std::string& name, const T& value) {
    image_.key(architecture_ + "." + name, value);
  }
  // Copies a tensor, with `offset` added; of `pairs_of` heads, if any, the rows of the two halves
  // take turns.
  void copy(std::string_view from, const std::string& to, float offset = 0, size_t pairs_of = 0) {
    const weights::TensorView* tensor = file_->find(from);
    ASSERT_NE(tensor, nullptr) << from;
    std::vector<float> values(tensor->elements());
    tensor::dequantize(tensor->type, tensor->data, values.data(), values.size());
    for (float& value : values) value += offset;
    if (pairs_of > 0) {
      const std::vector<float> halves = values;
      const size_t columns = tensor->shape[1], pairs = tensor->shape[0] / pairs_of / 2;
      for (size_t row = 0; row < tensor->shape[0]; ++row) {
        const size_t head = row / (2 * pairs), half = row / pairs % 2, pair = row % pairs;
        std::copy_n(halves.begin() + static_cast<std::ptrdiff_t>(row * columns), columns,
                    values.begin() +
                        static_cast<std::ptrdiff_t>(((head * pairs + pair) * 2 + half) * columns));
      }
    }
    add(to, tensor->shape, values);
  }
  void add(const std::string& name, const std::vector<uint64_t>& shape,
           const std::vector<float>& values) {
    image_.tensor(name, shape, tensor::ElementType::f32,
                  {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }
  // Opens it with what only the folder says.
  Result<OpenModel> open() const {
    const fs::path path =
        fs::temp_directory_path() / ("helicon_golden_" + std::to_string(getpid()) + ".gguf");
    image_.write(path);
    auto file = weights::ModelFile::open(path);
    fs::remove(path);
    if (!file.ok()) return file.error();
    HELICON_ASSIGN(DecoderConfig found, configure(**file));
    found.placeholders = config.placeholders;
    return open_model(std::move(file).value(), std::move(found), "golden.gguf", exactly());
  }

  DecoderConfig config;  // of the folder

 private:
  std::string architecture_;
  weights::GgufImage image_;
  std::shared_ptr<const weights::ModelFile> file_;
};

TEST(GoldenModels, Qwen3FromGguf) {
  GgufOf gguf("qwen3_full", "qwen3");
  gguf.key("rope.freq_base", 1e6f);
  for (size_t i = 0; i < gguf.config.layers.size(); ++i)
    for (const auto& [from, to] : kQwen3Names)
      gguf.copy(fmt::format("model.layers.{}.{}.weight", i, from),
                fmt::format("blk.{}.{}.weight", i, to));
  auto model = gguf.open();
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_LE(distance(*model, read_expected("qwen3_full")), kTolerance);
}

TEST(GoldenModels, MuseGlimmerFromGguf) {
  GgufOf gguf("muse_glimmer_window", "muse-glimmer");
  gguf.key("rope.freq_base", 500000.0f);
  gguf.key("attention.sliding_window", 8u);
  gguf.key("attention.sliding_window_pattern", std::vector<bool>{false, true, true, true, false});
  gguf.key("logit_scale", 0.19611613513818404f);
  gguf.key("final_logit_softcapping", 20.0f);
  const size_t head = gguf.config.head_size;
  for (size_t i = 0; i < gguf.config.layers.size(); ++i) {
    for (const auto& [from, to] : kMuseNames) {
      const std::string_view name = to;
      gguf.copy(fmt::format("model.language_model.layers.{}.{}.weight", i, from),
                fmt::format("blk.{}.{}.weight", i, to), name.ends_with("norm") ? 1.0f : 0.0f,
                name == "attn_q"   ? gguf.config.heads
                : name == "attn_k" ? gguf.config.kv_heads
                                   : 0);
    }
    gguf.add(fmt::format("blk.{}.attn_q_norm.weight", i), {head}, std::vector<float>(head, 3.87f));
    gguf.add(fmt::format("blk.{}.attn_k_norm.weight", i), {head}, std::vector<float>(head, 1.0f));
  }
  auto model = gguf.open();
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_LE(distance(*model, read_expected("muse_glimmer_window")), kTolerance);
}

}  // namespace
}  // namespace helicon::models
