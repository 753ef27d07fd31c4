#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "kernels/kernel_table.h"
#include "kernels/tables.h"
#include "kernels/test_data.h"

namespace helicon::kernels {
namespace {

TEST(RmsNorm, IsItsFormula) {
  std::mt19937 random(1);
  for (const size_t count : {8u, 64u, 577u}) {
    const std::vector<float> x = random_floats(count, random),
                             weight = random_floats(count, random);
    double squares = 0;
    for (const float v : x) squares += static_cast<double>(v) * v;
    const double factor = 1 / std::sqrt(squares / static_cast<double>(count) + 1e-5);
    for (const KernelTable* table : available_kernels()) {
      std::vector<float> out(count), plain(count);
      table->rms_norm(x.data(), weight.data(), 1e-5f, count, out.data());
      table->rms_norm(x.data(), nullptr, 1e-5f, count, plain.data());
      for (size_t i = 0; i < count; ++i) {
        EXPECT_NEAR(out[i], x[i] * factor * weight[i], 1e-5);
        EXPECT_NEAR(plain[i], x[i] * factor, 1e-5);
      }
    }
  }
}

// The mean is large beside what is around it, as it is in a tower's residual.
TEST(LayerNorm, IsItsFormula) {
  std::mt19937 random(2);
  for (const size_t count : {8u, 64u, 577u}) {
    std::vector<float> x = random_floats(count, random);
    for (float& v : x) v += 50;
    const std::vector<float> weight = random_floats(count, random),
                             bias = random_floats(count, random);
    double mean = 0, variance = 0;
    for (const float v : x) mean += v / static_cast<double>(count);
    for (const float v : x) variance += (v - mean) * (v - mean) / static_cast<double>(count);
    const double factor = 1 / std::sqrt(variance + 1e-5);
    for (const KernelTable* table : available_kernels()) {
      std::vector<float> out(count);
      table->layer_norm(x.data(), weight.data(), bias.data(), 1e-5f, count, out.data());
      for (size_t i = 0; i < count; ++i)
        EXPECT_NEAR(out[i], (x[i] - mean) * factor * weight[i] + bias[i], 3e-5) << table->name;
    }
  }
}

// Of numbers far below zero next to nothing is left, and of that little is wrong: as much as the
// rounding of the exponential's argument, v^2 / 2, makes.
TEST(BiasedGelu, IsItsFormula) {
  std::vector<float> x, bias;
  for (float v = -8; v < 8; v += 0.0037f) x.push_back(v), bias.push_back(v / 9);
  for (const KernelTable* table : available_kernels())
    for (const bool biased : {false, true}) {
      std::vector<float> out = x;
      table->biased_gelu(out.data(), biased ? bias.data() : nullptr, out.size());
      for (size_t i = 0; i < x.size(); ++i) {
        const double v = biased ? x[i] + bias[i] : x[i];
        const double expected = v / 2 * std::erfc(-v / std::sqrt(2.0));
        EXPECT_NEAR(out[i], expected, 5e-7 * (1 + v * v / 2) * std::fabs(expected) + 1e-30)
            << table->name << " " << v;
      }
    }
}

TEST(SigmoidGated, IsItsFormula) {
  std::vector<float> x, gate;
  for (float v = -80; v < 80; v += 0.037f) x.push_back(1 + v / 99), gate.push_back(v);
  for (const KernelTable* table : available_kernels()) {
    std::vector<float> out = x;
    table->sigmoid_gated(out.data(), gate.data(), out.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = x[i] / (1 + std::exp(-static_cast<double>(gate[i])));
      EXPECT_NEAR(out[i], expected, 1e-6 * std::fabs(expected)) << table->name << " " << gate[i];
    }
  }
}

TEST(Gated, IsItsFormula) {
  std::vector<float> x, up;
  for (float v = -30; v < 30; v += 0.037f) x.push_back(v), up.push_back(1.0f + v / 60);
  for (const KernelTable* table : available_kernels())
    for (const Activation activation : {Activation::silu, Activation::gelu_tanh}) {
      std::vector<float> out = x;
      table->gated(activation, out.data(), up.data(), out.size());
      for (size_t i = 0; i < x.size(); ++i) {
        const double v = x[i];
        const double silu = v / (1 + std::exp(-v));
        const double gelu =
            v / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
        const double expected = (activation == Activation::silu ? silu : gelu) * up[i];
        EXPECT_NEAR(out[i], expected, 1e-6 * std::max(1.0, std::fabs(expected)))
            << table->name << " " << v;
      }
    }
}

TEST(Exponentials, AreTheirFormulaAndGiveBackTheirSum) {
  std::mt19937 random(3);
  for (const size_t count : {1u, 7u, 8u, 1021u}) {
    std::vector<float> x = random_floats(count, random, 30.0f);
    float top = x[0];
    for (const float v : x) top = std::max(top, v);
    x[count / 2] = count > 1 ? -INFINITY : x[0];
    for (const KernelTable* table : available_kernels()) {
      EXPECT_EQ(table->largest(x.data(), count), *std::max_element(x.begin(), x.end()));
      std::vector<float> out(count);
      const double sum = table->exponentials(x.data(), top, 0.7f, count, out.data());
      double expected_sum = 0;
      for (size_t i = 0; i < count; ++i) {
        // The argument is rounded twice before its power is taken.
        const double argument = (static_cast<double>(x[i]) - top) * 0.7f;
        const double expected = std::exp(argument);
        const double error = 2e-7 + 1.2e-7 * std::fabs(std::max(argument, -90.0));
        EXPECT_NEAR(out[i], expected, error * expected + 1e-37) << table->name;
        expected_sum += expected;
      }
      EXPECT_NEAR(sum, expected_sum, 1e-5 * expected_sum);
    }
  }
}

TEST(SoftCap, IsItsFormula) {
  for (const KernelTable* table : available_kernels())
    for (float v = -200; v < 200; v += 0.313f) {
      float x = v;
      table->soft_cap(&x, 30.0f, 1);
      EXPECT_NEAR(x, 30 * std::tanh(static_cast<double>(v) / 30), 2e-5);
    }
}

TEST(Rotate, TurnsPairs) {
  for (const KernelTable* table : available_kernels()) {
    const float cosine = std::cos(0.3f), sine = std::sin(0.3f);
    float split[4] = {1, 2, 3, 4}, interleaved[4] = {1, 3, 2, 4};
    const float cosines[2] = {cosine, 1}, sines[2] = {sine, 0};
    table->rotate(split, cosines, sines, 2, false);
    table->rotate(interleaved, cosines, sines, 2, true);
    EXPECT_FLOAT_EQ(split[0], cosine - 3 * sine);
    EXPECT_FLOAT_EQ(split[2], 3 * cosine + sine);
    EXPECT_EQ(split[1], 2);
    EXPECT_EQ(interleaved[0], split[0]);
    EXPECT_EQ(interleaved[1], split[2]);
    EXPECT_EQ(interleaved[2], split[1]);
  }
}

TEST(FloatKernels, EveryInstructionSetGivesTheSameBits) {
  std::mt19937 random(9);
  const size_t count = 1003;
  const std::vector<float> x = random_floats(count, random, 4.0f), y = random_floats(count, random);
  using Operation = std::function<void(const KernelTable&, std::vector<float>&)>;
  const Operation operations[] = {
      [&](const KernelTable& t, auto& v) {
        t.rms_norm(x.data(), y.data(), 1e-6f, count, v.data());
      },
      [&](const KernelTable& t, auto& v) {
        t.layer_norm(x.data(), y.data(), x.data(), 1e-6f, count, v.data());
      },
      [&](const KernelTable& t, auto& v) { t.add(v.data(), y.data(), count); },
      [&](const KernelTable& t, auto& v) { t.sigmoid_gated(v.data(), y.data(), count); },
      [&](const KernelTable& t, auto& v) { t.biased_gelu(v.data(), y.data(), count); },
      [&](const KernelTable& t, auto& v) { t.gated(Activation::silu, v.data(), y.data(), count); },
      [&](const KernelTable& t, auto& v) {
        t.gated(Activation::gelu_tanh, v.data(), y.data(), count);
      },
      [&](const KernelTable& t, auto& v) { t.soft_cap(v.data(), 20.0f, count); },
      [&](const KernelTable& t, auto& v) { t.rotate(v.data(), x.data(), y.data(), 500, true); },
      [&](const KernelTable& t, auto& v) { t.rotate(v.data(), x.data(), y.data(), 500, false); },
  };
  for (const Operation& operation : operations) {
    std::vector<float> expected = x;
    operation(portable_kernels(), expected);
    for (const KernelTable* table : available_kernels()) {
      std::vector<float> out = x;
      operation(*table, out);
      EXPECT_EQ(out, expected) << table->name;
    }
  }
}

}  // namespace
}  // namespace helicon::kernels
