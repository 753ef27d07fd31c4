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

// A sequence of random keys and values in pages, and queries at given positions. The pages lie in
// memory in the reverse of their order.
struct Scene {
  size_t head_size;
  std::vector<float> memory;  // [page][keys, values]
  std::vector<uint32_t> pages;
  std::vector<float> queries;
  std::vector<int> positions;

  Scene(size_t head, uint32_t page_count, std::vector<int> at, std::mt19937& random)
      : head_size(head),
        memory(random_floats(page_count * page_stride(), random)),
        queries(random_floats(at.size() * head, random, 2.0f)),
        positions(std::move(at)) {
    for (uint32_t p = 0; p < page_count; ++p) pages.push_back(page_count - 1 - p);
  }

  size_t page_stride() const { return 2 * head_size * kPagePositions; }
  float key(size_t position, size_t d) const {
    return memory[pages[position / kPagePositions] * page_stride() + d * kPagePositions +
                  position % kPagePositions];
  }
  float value(size_t position, size_t d) const {
    return memory[pages[position / kPagePositions] * page_stride() + page_stride() / 2 +
                  position % kPagePositions * head_size + d];
  }

  std::vector<float> attend(const KernelTable& table, size_t first, size_t count, int window,
                            float cap) const {
    std::vector<float> outputs(count * head_size);
    table.attention({queries.data() + first * head_size, outputs.data(), positions.data() + first,
                     count, head_size, pages.data(), memory.data(),
                     memory.data() + page_stride() / 2, page_stride(), window, 0.125f, cap});
    return outputs;
  }

  std::vector<double> expected(size_t query, int window, double cap) const {
    const auto last = static_cast<size_t>(positions[query]);
    const size_t seen =
        window > 0 ? std::min<size_t>(static_cast<size_t>(window), last + 1) : last + 1;
    std::vector<double> weights, out(head_size, 0.0);
    double total = 0;
    for (size_t p = last + 1 - seen; p <= last; ++p) {
      double score = 0;
      for (size_t d = 0; d < head_size; ++d)
        score += static_cast<double>(queries[query * head_size + d]) * key(p, d);
      score *= 0.125;
      if (cap > 0) score = cap * std::tanh(score / cap);
      weights.push_back(std::exp(score));
      total += weights.back();
    }
    for (size_t i = 0; i < seen; ++i)
      for (size_t d = 0; d < head_size; ++d)
        out[d] += weights[i] / total * value(last + 1 - seen + i, d);
    return out;
  }
};

TEST(Attention, IsSoftmaxOverWhatAQuerySees) {
  std::mt19937 random(7);
  for (const size_t head : {64u, 128u, 256u})
    for (const int window : {0, 1, 40})
      for (const float cap : {0.0f, 5.0f}) {
        const Scene scene(head, 7, {0, 1, 31, 32, 33, 63, 150, 199, 199}, random);
        for (const KernelTable* table : available_kernels()) {
          const std::vector<float> out =
              scene.attend(*table, 0, scene.positions.size(), window, cap);
          for (size_t q = 0; q < scene.positions.size(); ++q) {
            const std::vector<double> expected = scene.expected(q, window, cap);
            for (size_t d = 0; d < head; ++d)
              ASSERT_NEAR(out[q * head + d], expected[d], 2e-5)
                  << table->name << " query " << q << " window " << window;
          }
        }
      }
}

TEST(Attention, AQuerysNumbersDoNotDependOnItsCompanyOrTheInstructionSet) {
  std::mt19937 random(8);
  const Scene scene(64, 10, {5, 290, 64, 120, 7, 299, 31}, random);
  for (const int window : {0, 50}) {
    const std::vector<float> reference = scene.attend(portable_kernels(), 0, 7, window, 0);
    for (const KernelTable* table : available_kernels()) {
      EXPECT_EQ(scene.attend(*table, 0, 7, window, 0), reference) << table->name;
      for (size_t q = 0; q < 7; ++q) {
        const std::vector<float> alone = scene.attend(*table, q, 1, window, 0);
        for (size_t d = 0; d < 64; ++d) ASSERT_EQ(alone[d], reference[q * 64 + d]);
      }
    }
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
