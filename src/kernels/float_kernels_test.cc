#include <gtest/gtest.h>

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
      [&](const KernelTable& t, auto& v) { t.add(v.data(), y.data(), count); },
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
