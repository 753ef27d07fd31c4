// The tiny models of tests/golden/models.py as GGUF files.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "models/golden_models.h"
#include "tensor/blocks.h"
#include "tensor/half.h"
#include "weights/gguf_image.h"

namespace helicon::models {
namespace {

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
  // Matrices of one shape, one behind the other as one tensor: `from` with each number for its "#".
  // Rounded to Q8_0, or to what Q8_0 makes of them, in 32 bits.
  enum class Rounding { none, packed, floats };
  void stack(const std::string& from, size_t count, const std::string& to,
             Rounding rounding = Rounding::none) {
    std::vector<float> values;
    std::vector<uint64_t> shape;
    for (size_t i = 0; i < count; ++i) {
      std::string name = from;
      name.replace(name.find('#'), 1, std::to_string(i));
      const weights::TensorView* tensor = file_->find(name);
      ASSERT_NE(tensor, nullptr) << name;
      shape = tensor->shape;
      values.resize(values.size() + tensor->elements());
      tensor::dequantize(tensor->type, tensor->data,
                         values.data() + values.size() - tensor->elements(), tensor->elements());
    }
    shape.insert(shape.begin(), count);
    if (rounding == Rounding::none || shape.back() % tensor::BlockQ8_0::elements != 0)
      return add(to, shape, values);
    const std::vector<tensor::BlockQ8_0> blocks = rounded(values);
    if (rounding == Rounding::floats) {
      tensor::dequantize(tensor::ElementType::q8_0,
                         reinterpret_cast<const std::byte*>(blocks.data()), values.data(),
                         values.size());
      return add(to, shape, values);
    }
    image_.tensor(
        to, shape, tensor::ElementType::q8_0,
        {reinterpret_cast<const char*>(blocks.data()), blocks.size() * sizeof(tensor::BlockQ8_0)});
  }
  static std::vector<tensor::BlockQ8_0> rounded(const std::vector<float>& values) {
    constexpr size_t kElements = tensor::BlockQ8_0::elements;
    std::vector<tensor::BlockQ8_0> blocks(values.size() / kElements);
    for (size_t b = 0; b < blocks.size(); ++b) {
      const float* source = values.data() + b * kElements;
      float largest = 0;
      for (size_t i = 0; i < kElements; ++i) largest = std::max(largest, std::abs(source[i]));
      blocks[b].scale = tensor::f32_to_f16(largest / 127);
      const float scale = tensor::f16_to_f32(blocks[b].scale);
      for (size_t i = 0; i < kElements; ++i)
        blocks[b].values[i] = static_cast<int8_t>(std::lround(source[i] / scale));
    }
    return blocks;
  }
  void add(const std::string& name, const std::vector<uint64_t>& shape,
           const std::vector<float>& values) {
    image_.tensor(name, shape, tensor::ElementType::f32,
                  {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }
  // Opens it with what only the folder says.
  Result<OpenModel> open(bool exact = true) const {
    const fs::path path =
        fs::temp_directory_path() / ("helicon_golden_" + std::to_string(getpid()) + ".gguf");
    image_.write(path);
    auto file = weights::ModelFile::open(path);
    fs::remove(path);
    if (!file.ok()) return file.error();
    HELICON_ASSIGN(DecoderConfig found, configure(**file));
    found.placeholders = config.placeholders;
    OpenOptions options = exactly();
    options.exact = exact;
    return open_model(std::move(file).value(), std::move(found), "golden.gguf", options);
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
  EXPECT_LE(distance(*model, read_expected("qwen3_full")), kGoldenTolerance);
}

GgufOf qwen3_moe(GgufOf::Rounding rounding) {
  GgufOf gguf("qwen3_moe_full", "qwen3moe");
  const ExpertsConfig& experts = gguf.config.experts;
  gguf.key("rope.freq_base", 5000.0f);
  gguf.key("expert_count", static_cast<uint32_t>(experts.count));
  gguf.key("expert_used_count", static_cast<uint32_t>(experts.chosen));
  gguf.key("expert_feed_forward_length", static_cast<uint32_t>(experts.feed_forward));
  for (size_t i = 0; i < gguf.config.layers.size(); ++i) {
    const std::string layer = fmt::format("model.layers.{}.", i), block = fmt::format("blk.{}.", i);
    for (const auto& [from, to] : kQwen3Names)
      if (!std::string_view(from).starts_with("mlp"))
        gguf.copy(layer + from + ".weight", block + to + ".weight");
    gguf.copy(layer + "mlp.gate.weight", block + "ffn_gate_inp.weight");
    for (const char* part : {"gate", "up", "down"})
      gguf.stack(fmt::format("{}mlp.experts.#.{}_proj.weight", layer, part), experts.count,
                 fmt::format("{}ffn_{}_exps.weight", block, part), rounding);
  }
  return gguf;
}

TEST(GoldenModels, Qwen3MoeFromGguf) {
  auto model = qwen3_moe(GgufOf::Rounding::none).open();
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_LE(distance(*model, read_expected("qwen3_moe_full")), kGoldenTolerance);
}

// Experts of a quantised tensor: each is packed out of it by itself.
TEST(GoldenModels, PackedExpertsAreThoseOfTheFile) {
  const Expected expected = read_expected("qwen3_moe_full");
  const auto logits = [&](GgufOf::Rounding rounding, bool exact) {
    auto model = qwen3_moe(rounding).open(exact);
    EXPECT_TRUE(model.ok()) << model.error().message;
    cache::Sequence sequence(*model->pages);
    return run(*model, sequence, expected.tokens);
  };
  const std::vector<float> floats = logits(GgufOf::Rounding::floats, true);
  EXPECT_LE(largest_difference(logits(GgufOf::Rounding::packed, true), floats),
            kGoldenTolerance * expected.largest());
  // With activations of 8 bits, which may change what a router chooses: on the average.
  const std::vector<float> packed = logits(GgufOf::Rounding::packed, false);
  double difference = 0, magnitude = 0;
  for (size_t i = 0; i < floats.size(); ++i) {
    difference += std::abs(packed[i] - floats[i]);
    magnitude += std::abs(floats[i]);
  }
  RecordProperty("difference", std::to_string(difference / magnitude));
  EXPECT_LE(difference, 0.03 * magnitude);
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
  EXPECT_LE(distance(*model, read_expected("muse_glimmer_window")), kGoldenTolerance);
}

}  // namespace
}  // namespace helicon::models
