// Tiny models as folders, against what transformers computes with them (tests/golden/models.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "models/golden_models.h"

namespace helicon::models {
namespace {

class EachGoldenModel : public testing::TestWithParam<const char*> {};

TEST_P(EachGoldenModel, LogitsAreTheReferences) {
  auto model = open_golden(GetParam());
  ASSERT_TRUE(model.ok()) << model.error().message;
  const float found = distance(*model, read_expected(GetParam()));
  RecordProperty("distance", std::to_string(found));
  EXPECT_LE(found, kGoldenTolerance);
}

TEST_P(EachGoldenModel, GreedyContinuationIsTheReferences) {
  auto model = open_golden(GetParam());
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Expected expected = read_expected(GetParam());
  expect_continuation(*model, expected.tokens, expected);
}

// To the last bit, windows that end within a page and gates included.
TEST_P(EachGoldenModel, ARowsNumbersDoNotDependOnPiecesOrThreads) {
  const std::vector<int32_t> tokens = read_expected(GetParam()).tokens;
  const auto logits = [&](int threads, size_t piece) {
    OpenOptions options;
    options.threads = threads;
    auto model = open_model(folder_of(GetParam()), options);
    EXPECT_TRUE(model.ok()) << model.error().message;
    cache::Sequence sequence(*model->pages);
    std::vector<float> all;
    for (size_t start = 0; start < tokens.size(); start += piece) {
      const size_t count = std::min(piece, tokens.size() - start);
      const auto some = run(*model, sequence, std::span(tokens).subspan(start, count));
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  };
  const std::vector<float> expected = logits(1, tokens.size());
  for (const size_t piece : {1u, 7u, 32u}) EXPECT_EQ(logits(1, piece), expected) << piece;
  EXPECT_EQ(logits(3, 16), expected);
}

INSTANTIATE_TEST_SUITE_P(Golden, EachGoldenModel,
                         testing::Values("qwen3_full", "qwen3_window", "qwen3_older",
                                         "qwen3_moe_full", "qwen3_moe_mixed", "muse_glimmer_window",
                                         "muse_glimmer_mixed", "muse_glimmer_silent",
                                         "muse_glimmer_tied", "muse_spark_mixed",
                                         "muse_spark_silent", "qwen3_fp8", "qwen3_fp8_rows",
                                         "qwen3_moe_fp8", "qwen3_nvfp4", "qwen3_moe_nvfp4",
                                         "muse_spark_fp8"));

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
void no_after_norms(DecoderConfig& config) {
  config.after_attention = config.after_feed_forward = AfterNorm::none;
}
void common_epsilon(DecoderConfig& config) { config.after_norm_epsilon = config.norm_epsilon; }
void other_epsilon(DecoderConfig& config) { config.norm_epsilon = 1e-6f; }
void no_embedding_norm(DecoderConfig& config) { config.embedding_norm = false; }
void no_logit_scale(DecoderConfig& config) { config.logit_scale = 1; }
void no_cap(DecoderConfig& config) { config.final_soft_cap = 0; }
void no_placeholders(DecoderConfig& config) { config.placeholders.clear(); }
void no_image(DecoderConfig& config) { std::erase(config.placeholders, 92); }
void no_video(DecoderConfig& config) { std::erase(config.placeholders, 91); }

void no_attended_norm(DecoderConfig& config) { config.attended_norm = false; }
void no_norm_after_attention(DecoderConfig& config) { config.after_attention = AfterNorm::none; }
void scaled_after_norm(DecoderConfig& config) { config.after_feed_forward = AfterNorm::weighted; }
void other_temperature(DecoderConfig& config) { config.residual_temperature *= 1.5f; }
void plain_residual(DecoderConfig& config) { config.residual_temperature = 0; }
void no_router_scale(DecoderConfig& config) { config.experts.logit_scale = 1; }
void one_expert_more(DecoderConfig& config) { ++config.experts.chosen; }
void other_scores(DecoderConfig& config) { config.experts.scores = ExpertScores::sigmoid; }
void other_sum(DecoderConfig& config) { config.experts.normalised = !config.experts.normalised; }

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
    {"number of experts", "qwen3_moe_full", one_expert_more},
    {"softmax of the router", "qwen3_moe_full", other_scores},
    {"sum of the experts' weights", "qwen3_moe_full", other_sum},
    {"number of experts", "qwen3_moe_mixed", one_expert_more},
    {"softmax of the router", "qwen3_moe_mixed", other_scores},
    {"sum of the experts' weights", "qwen3_moe_mixed", other_sum},
    {"window", "qwen3_moe_mixed", unwindow},
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
    {"window", "muse_spark_mixed", unwindow},
    {"layers without positions", "muse_spark_mixed", rotate_all},
    {"theta", "muse_spark_mixed", other_theta},
    {"head norm", "muse_spark_mixed", no_head_norm},
    {"scale of the query", "muse_spark_mixed", no_query_scale},
    {"output gate", "muse_spark_mixed", no_gate},
    {"norm of what was attended", "muse_spark_mixed", no_attended_norm},
    {"norm after attention", "muse_spark_mixed", no_norm_after_attention},
    {"scale before the norm", "muse_spark_mixed", scaled_after_norm},
    {"1 + w", "muse_spark_mixed", no_offset},
    {"epsilon of the after-norms", "muse_spark_mixed", common_epsilon},
    {"epsilon of the other norms", "muse_spark_mixed", other_epsilon},
    {"norm of the embedding", "muse_spark_mixed", no_embedding_norm},
    {"temperature of the residual's gate", "muse_spark_mixed", other_temperature},
    {"residual's gate", "muse_spark_mixed", plain_residual},
    {"scale of the router", "muse_spark_mixed", no_router_scale},
    {"number of experts", "muse_spark_mixed", one_expert_more},
    {"scale of the logits", "muse_spark_mixed", no_logit_scale},
    {"cap of the logits", "muse_spark_mixed", no_cap},
    {"placeholders", "muse_spark_mixed", no_placeholders},
    {"scale of the query", "muse_spark_silent", no_query_scale},
    {"temperature of the residual's gate", "muse_spark_silent", other_temperature},
    {"number of experts", "muse_spark_silent", one_expert_more},
    {"scale of the router", "muse_spark_silent", no_router_scale},
    {"theta", "muse_spark_silent", other_theta},
};

// Otherwise the comparison would not see that the term is there.
TEST(GoldenModels, EachTermLeftOutShows) {
  float least = INFINITY;
  for (const LeftOut& one : kLeftOut) {
    auto model = open_golden(one.model, one.change);
    ASSERT_TRUE(model.ok()) << model.error().message;
    const float found = distance(*model, read_expected(one.model));
    least = std::min(least, found);
    EXPECT_GT(found, kGoldenTolerance) << one.model << " without its " << one.term;
  }
  RecordProperty("least", std::to_string(least));
}

// What is given as a folder runs like what is given as a file, the usual activations included.
// Experts that are read from the file when they are chosen, in floats and in blocks.
TEST(GoldenModels, ExpertsInTheFileAreTheSame) {
  for (const char* name : {"qwen3_moe_full", "muse_spark_mixed", "qwen3_moe_fp8", "qwen3_moe_nvfp4",
                           "muse_spark_fp8"}) {
    OpenOptions options = exactly();
    options.experts = ExpertsIn::file;
    auto model = open_model(folder_of(name), options);
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_LE(distance(*model, read_expected(name)), kGoldenTolerance) << name;
    auto inside = open_model(folder_of(name), exactly());
    ASSERT_TRUE(inside.ok());
    EXPECT_LT(model->weight_bytes, inside->weight_bytes);
  }
}

TEST(GoldenModels, WithoutExactActivationsFloatsStayFloats) {
  OpenOptions options;
  options.threads = 1;
  auto model = open_model(folder_of("muse_glimmer_window"), options);
  ASSERT_TRUE(model.ok()) << model.error().message;
  // Keys and values are in 16 bits.
  EXPECT_LE(distance(*model, read_expected("muse_glimmer_window")), 0.02f);
}

}  // namespace
}  // namespace helicon::models
