#include "runtime/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

namespace helicon::runtime {
namespace {

std::vector<float> some_logits() {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> logits(200);
  for (float& logit : logits) logit = normal(random);
  return logits;
}

// Exact probabilities under the parameters, by the definitions, the slow way.
std::vector<double> exact(const std::vector<float>& logits, const SamplingParameters& p) {
  std::vector<size_t> order(logits.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  if (p.top_k > 0) order.resize(std::min(order.size(), static_cast<size_t>(p.top_k)));
  std::vector<double> probability(logits.size(), 0);
  const auto normalise = [&] {
    double total = 0;
    for (const size_t i : order) total += std::exp(logits[i] / static_cast<double>(p.temperature));
    for (double& x : probability) x = 0;
    for (const size_t i : order)
      probability[i] = std::exp(logits[i] / static_cast<double>(p.temperature)) / total;
  };
  normalise();
  double reached = 0;
  size_t count = 0;
  while (count < order.size() && reached < static_cast<double>(p.top_p))
    reached += probability[order[count++]];
  order.resize(std::max<size_t>(1, count));
  normalise();
  const double top = probability[order[0]];
  std::erase_if(order,
                [&](size_t i) { return probability[i] < static_cast<double>(p.min_p) * top; });
  normalise();
  return probability;
}

TEST(Sampler, DrawsFromTheDistributionThatTheParametersDefine) {
  const std::vector<float> logits = some_logits();
  SamplingParameters cases[6];
  cases[1].temperature = 0.5f;
  cases[2].top_k = 7;
  cases[3].top_p = 0.6f;
  cases[4].min_p = 0.2f;
  cases[5].temperature = 1.5f, cases[5].top_k = 60, cases[5].top_p = 0.8f, cases[5].min_p = 0.05f;
  constexpr int kDraws = 40000;
  for (SamplingParameters& p : cases) {
    p.seed = 99;
    Sampler sampler(p, 0, {});
    std::map<TokenId, int> counts;
    for (int i = 0; i < kDraws; ++i) ++counts[sampler.sample(logits, i)];
    const std::vector<double> expected = exact(logits, p);
    for (size_t id = 0; id < logits.size(); ++id) {
      const double mean = expected[id] * kDraws;
      const double got = counts[static_cast<TokenId>(id)];
      if (expected[id] == 0) {
        EXPECT_EQ(got, 0) << id;
      }
      EXPECT_NEAR(got, mean, 5 * std::sqrt(mean + 1))
          << "token " << id;  // five standard deviations
    }
  }
}

// A vocabulary of many blocks, where few tokens carry most weight and the tail still counts.
TEST(Sampler, DrawsFromALargeVocabulary) {
  std::mt19937 random(6);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> logits(5000);
  for (float& logit : logits) logit = normal(random);
  SamplingParameters cases[5];
  cases[1].top_p = 0.95f;
  cases[2].min_p = 0.01f, cases[2].top_p = 0.999f;
  cases[3].top_k = 3000, cases[3].top_p = 0.9f, cases[3].min_p = 0.05f;
  cases[4].top_k = 5000;
  constexpr int kDraws = 4000;
  for (SamplingParameters& p : cases) {
    p.seed = 5;
    const std::vector<double> expected = exact(logits, p);
    Sampler sampler(p, 0, {});
    // By ranges of ids, each of enough weight for the law of large numbers.
    std::vector<double> got(10), wanted(10);
    for (int i = 0; i < kDraws; ++i) {
      const auto id = static_cast<size_t>(sampler.sample(logits, i));
      ASSERT_GT(expected[id], 0) << "token " << id;
      ++got[id / 500];
    }
    for (size_t id = 0; id < logits.size(); ++id) wanted[id / 500] += expected[id] * kDraws;
    for (size_t range = 0; range < 10; ++range)
      EXPECT_NEAR(got[range], wanted[range], 5 * std::sqrt(wanted[range] + 1)) << range;
  }
}

TEST(Sampler, ZeroIsGreedyAndTheLowestIdWinsATie) {
  SamplingParameters p;
  p.temperature = 0;
  Sampler sampler(p, 0, {});
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 3, 2, 3}, 0), 1);
}

TEST(Sampler, DrawsAreAFunctionOfSeedChoiceAndPosition) {
  const std::vector<float> logits = some_logits();
  SamplingParameters p;
  p.seed = 1;
  const auto sequence = [&](uint64_t seed, int choice) {
    SamplingParameters own = p;
    own.seed = seed;
    std::vector<TokenId> tokens;
    for (int i = 50; i-- > 0;) tokens.push_back(Sampler(own, choice, {}).sample(logits, i));
    return tokens;
  };
  EXPECT_EQ(sequence(1, 0), sequence(1, 0));
  EXPECT_NE(sequence(1, 0), sequence(2, 0));
  EXPECT_NE(sequence(1, 0), sequence(1, 1));
}

TEST(Sampler, PenaltiesAndBias) {
  SamplingParameters p;
  p.temperature = 0;
  const std::vector<float> logits{2, 1.9f, -1};
  p.repetition_penalty = 1.5f;
  EXPECT_EQ(Sampler(p, 0, std::vector<TokenId>{0}).sample(logits, 0), 1);
  EXPECT_EQ(Sampler(p, 0, {}).sample(logits, 0), 0);
  p.repetition_penalty = 1;
  p.frequency_penalty = 0.04f;
  Sampler frequency(p, 0, std::vector<TokenId>{0, 0, 0});
  frequency.accept(0);
  frequency.accept(0);
  EXPECT_EQ(frequency.sample(logits, 0), 0);  // 2 - 0.08 > 1.9
  frequency.accept(0);
  EXPECT_EQ(frequency.sample(logits, 0), 1);  // 2 - 0.12 < 1.9
  p.frequency_penalty = 0;
  p.presence_penalty = 0.2f;
  Sampler presence(p, 0, {});
  presence.accept(0);
  EXPECT_EQ(presence.sample(logits, 0), 1);
  p.presence_penalty = 0;
  p.logit_bias = {{2, 5.0f}};
  EXPECT_EQ(Sampler(p, 0, {}).sample(logits, 0), 2);
}

TEST(Logprobs, AreTheLogSoftmax) {
  const std::vector<float> logits{1, 2, 0.5f, 2};
  double total = 0;
  for (const float x : logits) total += std::exp(x);
  EXPECT_NEAR(token_logprob(logits, 2).logprob, 0.5 - std::log(total), 1e-6);
  const auto top = top_logprobs(logits, 3);
  ASSERT_EQ(top.size(), 3u);
  EXPECT_EQ(top[0].token, 1);
  EXPECT_EQ(top[1].token, 3);
  EXPECT_EQ(top[2].token, 0);
  EXPECT_NEAR(top[0].logprob, 2 - std::log(total), 1e-6);
}

TEST(Validate, NamesTheParameter) {
  SamplingParameters p;
  EXPECT_TRUE(validate(p, 10).ok());
  p.temperature = -1;
  EXPECT_EQ(validate(p, 10).error().parameter, "temperature");
  p = {};
  p.temperature = NAN;
  EXPECT_FALSE(validate(p, 10).ok());
  p = {};
  p.top_p = 0;
  EXPECT_EQ(validate(p, 10).error().parameter, "top_p");
  p = {};
  p.logit_bias = {{10, 1.0f}};
  EXPECT_EQ(validate(p, 10).error().parameter, "logit_bias");
}

}  // namespace
}  // namespace helicon::runtime
