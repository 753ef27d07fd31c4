#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "kernels/kernel_table.h"
#include "kernels/tables.h"
#include "kernels/test_data.h"

namespace helicon::kernels {
namespace {

constexpr KeyValueType kTypes[] = {KeyValueType::f32, KeyValueType::f16, KeyValueType::q8};

// What a page holds for a number: read by the layout's words alone, not by a kernel.
float stored(KeyValueType type, const std::byte* side, size_t head, size_t index, size_t scale) {
  if (type == KeyValueType::f32) return reinterpret_cast<const float*>(side)[index];
  if (type == KeyValueType::f16)
    return tensor::f16_to_f32(reinterpret_cast<const uint16_t*>(side)[index]);
  const auto* scales = reinterpret_cast<const float*>(side + head * kPagePositions);
  return static_cast<float>(reinterpret_cast<const int8_t*>(side)[index]) * scales[scale];
}

// A sequence of random keys and values in pages, and queries at given positions. The pages lie in
// memory in the reverse of their order.
class Scene {
 public:
  Scene(KeyValueType type, size_t head_size, size_t page_count, std::vector<int> at,
        std::mt19937& random)
      : positions(std::move(at)),
        type_(type),
        head_(head_size),
        queries_(random_floats(positions.size() * head_, random, 2.0f)),
        memory_(page_count * page_stride()) {
    for (size_t p = 0; p < page_count; ++p)
      pages_.push_back(static_cast<uint32_t>(page_count - 1 - p));
    for (size_t position = 0; position < page_count * kPagePositions; ++position) {
      const std::vector<float> key = random_floats(head_, random),
                               value = random_floats(head_, random);
      std::byte* page = memory_.data() + pages_[position / kPagePositions] * page_stride();
      portable_kernels().store_key_and_value(type_, key.data(), value.data(), head_,
                                             position % kPagePositions, page,
                                             page + page_stride() / 2);
    }
  }

  std::vector<float> attend(const KernelTable& table, size_t first, size_t count, int window,
                            float cap) const {
    std::vector<float> states(count * state_floats(head_)), outputs(count * head_);
    clear_states(states.data(), count, head_);
    continue_over(table, 0, static_cast<int>(pages_.size()), first, count, window, cap,
                  states.data());
    table.finish_states(states.data(), count, head_, outputs.data());
    return outputs;
  }

  void continue_over(const KernelTable& table, int first_page, int last_page, size_t first,
                     size_t count, int window, float cap, float* states) const {
    AttentionTile tile;
    tile.queries = queries_.data() + first * head_;
    tile.states = states;
    tile.positions = positions.data() + first;
    tile.count = count;
    tile.head_size = head_;
    tile.type = type_;
    tile.pages = pages_.data();
    tile.keys = memory_.data();
    tile.values = memory_.data() + page_stride() / 2;
    tile.page_stride = page_stride();
    tile.first_page = first_page;
    tile.last_page = last_page;
    tile.window = window;
    tile.scale = 0.125f;
    tile.soft_cap = cap;
    table.attention(tile);
  }

  std::vector<double> expected(size_t query, int window, double cap) const {
    const auto last = static_cast<size_t>(positions[query]);
    const size_t seen =
        window > 0 ? std::min<size_t>(static_cast<size_t>(window), last + 1) : last + 1;
    std::vector<double> weights, out(head_, 0.0);
    double total = 0;
    for (size_t p = last + 1 - seen; p <= last; ++p) {
      double score = 0;
      for (size_t d = 0; d < head_; ++d)
        score += static_cast<double>(queries_[query * head_ + d]) * key(p, d);
      score *= 0.125;
      if (cap > 0) score = cap * std::tanh(score / cap);
      weights.push_back(std::exp(score));
      total += weights.back();
    }
    for (size_t i = 0; i < seen; ++i)
      for (size_t d = 0; d < head_; ++d)
        out[d] += weights[i] / total * value(last + 1 - seen + i, d);
    return out;
  }

  size_t head() const { return head_; }

  std::vector<int> positions;

 private:
  size_t page_stride() const { return 2 * side_bytes(type_, head_); }
  const std::byte* page(size_t position) const {
    return memory_.data() + pages_[position / kPagePositions] * page_stride();
  }
  double key(size_t position, size_t d) const {
    const size_t slot = position % kPagePositions;
    return stored(type_, page(position), head_, d * kPagePositions + slot,
                  d / kScaleRun * kPagePositions + slot);
  }
  double value(size_t position, size_t d) const {
    const size_t slot = position % kPagePositions;
    return stored(type_, page(position) + page_stride() / 2, head_, slot * head_ + d,
                  d / kScaleRun * kPagePositions + slot);
  }

  KeyValueType type_;
  size_t head_;
  std::vector<float> queries_;
  std::vector<std::byte> memory_;
  std::vector<uint32_t> pages_;
};

// Positions of `count` queries, from the first to the last of a sequence.
std::vector<int> spread(size_t count, int last) {
  std::vector<int> positions;
  for (size_t q = 0; q < count; ++q) positions.push_back(static_cast<int>(q * 37) % (last + 1));
  positions.back() = last;
  return positions;
}

class EachKeyValueType : public testing::TestWithParam<KeyValueType> {};

TEST_P(EachKeyValueType, AttentionIsSoftmaxOverWhatAQuerySees) {
  std::mt19937 random(7);
  for (const size_t head : {8u, 64u, 72u, 128u, 256u})
    for (const int window : {0, 1, 40})
      for (const float cap : {0.0f, 5.0f}) {
        const Scene scene(GetParam(), head, 7, {0, 1, 31, 32, 33, 63, 150, 199, 199, 223}, random);
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

TEST_P(EachKeyValueType, AttentionIsTheSameInAnyTileAndOnAnyInstructionSet) {
  std::mt19937 random(8);
  for (const size_t head : {64u, 72u})
    for (const int window : {0, 50}) {
      const Scene scene(GetParam(), head, 10, spread(kAttentionTile, 319), random);
      const std::vector<float> expected =
          scene.attend(portable_kernels(), 0, kAttentionTile, window, 0);
      for (const KernelTable* table : available_kernels())
        for (const size_t count : {size_t{1}, size_t{2}, size_t{3}, size_t{4}, size_t{5}, size_t{6},
                                   size_t{7}, size_t{17}, size_t{64}, kAttentionTile}) {
          std::vector<float> out;
          for (size_t first = 0; first < kAttentionTile; first += count) {
            const auto part =
                scene.attend(*table, first, std::min(count, kAttentionTile - first), window, 0);
            out.insert(out.end(), part.begin(), part.end());
          }
          ASSERT_EQ(out, expected) << table->name << " by " << count;
        }
    }
}

TEST_P(EachKeyValueType, PagesMayBeTakenOneByOneAndInOtherCompany) {
  std::mt19937 random(9);
  const Scene scene(GetParam(), 64, 10, spread(20, 319), random);
  for (const KernelTable* table : available_kernels()) {
    std::vector<float> states(20 * state_floats(64)), outputs(20 * 64);
    clear_states(states.data(), 20, 64);
    scene.continue_over(*table, 0, 4, 0, 20, 0, 0, states.data());
    for (size_t first : {0u, 8u, 15u}) {
      const size_t count = first == 0 ? 8 : first == 8 ? 7 : 5;
      for (int page = 4; page < 10; ++page)
        scene.continue_over(*table, page, page + 1, first, count, 0, 0,
                            states.data() + first * state_floats(64));
    }
    table->finish_states(states.data(), 20, 64, outputs.data());
    EXPECT_EQ(outputs, scene.attend(*table, 0, 20, 0, 0)) << table->name;
  }
}

// Segments are folded as one softmax over all of them; nothing seen in one changes nothing.
TEST_P(EachKeyValueType, SegmentsFold) {
  std::mt19937 random(10);
  const Scene scene(GetParam(), 128, 10, {3, 31, 100, 130, 319}, random);
  std::vector<float> expected_states;
  for (const KernelTable* table : available_kernels()) {
    std::vector<float> states(5 * state_floats(128)), later(states.size()), outputs(5 * 128);
    clear_states(states.data(), 5, 128);
    for (int page = 0; page < 10; page += 4) {
      clear_states(later.data(), 5, 128);
      scene.continue_over(*table, page, std::min(page + 4, 10), 0, 5, 60, 0, later.data());
      table->fold_states(states.data(), later.data(), 5, 128);
    }
    table->finish_states(states.data(), 5, 128, outputs.data());
    for (size_t q = 0; q < 5; ++q) {
      const std::vector<double> expected = scene.expected(q, 60, 0);
      for (size_t d = 0; d < 128; ++d) ASSERT_NEAR(outputs[q * 128 + d], expected[d], 2e-5);
    }
    if (expected_states.empty()) expected_states = outputs;
    EXPECT_EQ(outputs, expected_states) << table->name;
  }
}

TEST_P(EachKeyValueType, StoringRoundsToTheNearest) {
  std::mt19937 random(11);
  const KeyValueType type = GetParam();
  for (const size_t head : {8u, 72u, 128u}) {
    std::vector<float> key = random_floats(head, random, 30.0f),
                       value = random_floats(head, random);
    key[3] = 400;
    value[5] = 1e-38f;
    std::vector<std::byte> expected;
    for (const KernelTable* table : available_kernels()) {
      const size_t side = side_bytes(type, head), slot = 21;
      std::vector<std::byte> page(2 * side);
      table->store_key_and_value(type, key.data(), value.data(), head, slot, page.data(),
                                 page.data() + side);
      for (size_t d = 0; d < head; ++d) {
        const size_t scale = d / kScaleRun * kPagePositions + slot, run = d / kScaleRun * kScaleRun;
        const auto error = [&](const std::vector<float>& x) {
          float peak = 0;
          for (size_t i = run; i < std::min(head, run + kScaleRun); ++i)
            peak = std::max(peak, std::fabs(x[i]));
          if (type == KeyValueType::f32) return 0.0f;
          if (type == KeyValueType::f16) return std::max(std::fabs(x[d]) * 0x1p-11f, 0x1p-25f);
          return peak / 127 * 0.50001f;
        };
        EXPECT_NEAR(stored(type, page.data(), head, d * kPagePositions + slot, scale), key[d],
                    error(key));
        EXPECT_NEAR(stored(type, page.data() + side, head, slot * head + d, scale), value[d],
                    error(value));
      }
      if (expected.empty()) expected = page;
      EXPECT_EQ(page, expected) << table->name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, EachKeyValueType, testing::ValuesIn(kTypes), [](const auto& param) {
  return std::string(param.param == KeyValueType::f32   ? "f32"
                     : param.param == KeyValueType::f16 ? "f16"
                                                        : "q8");
});

// What rounding costs, against the same keys and values in 32 bits. Scores of a standard deviation
// of 2 turn an error of a key by a share of its size into twice that share of a weight.
TEST(Attention, RoundingCostsLittle) {
  const auto outputs = [](KeyValueType type) {
    std::mt19937 random(12);
    const Scene scene(type, 64, 10, spread(20, 319), random);
    return scene.attend(portable_kernels(), 0, 20, 0, 0);
  };
  const std::vector<float> exact = outputs(KeyValueType::f32);
  const auto distance = [&](const std::vector<float>& other) {
    double squares = 0, norm = 0;
    for (size_t i = 0; i < exact.size(); ++i) {
      squares += std::pow(static_cast<double>(other[i]) - exact[i], 2);
      norm += std::pow(static_cast<double>(exact[i]), 2);
    }
    return std::sqrt(squares / norm);
  };
  const double f16 = distance(outputs(KeyValueType::f16)), q8 = distance(outputs(KeyValueType::q8));
  EXPECT_GT(f16, 1e-5);  // else nothing was rounded
  EXPECT_LT(f16, 1e-3);
  EXPECT_GT(q8, 1e-3);
  EXPECT_LT(q8, 2e-2);
}

TEST(Attention, WhatA16BitFloatCannotHoldStaysFinite) {
  std::vector<float> key(8, 1e6f), value(8, -1e30f);
  for (const KernelTable* table : available_kernels()) {
    std::vector<std::byte> page(2 * side_bytes(KeyValueType::f16, 8));
    table->store_key_and_value(KeyValueType::f16, key.data(), value.data(), 8, 0, page.data(),
                               page.data() + page.size() / 2);
    EXPECT_EQ(stored(KeyValueType::f16, page.data(), 8, 0, 0), 65504.0f);
    EXPECT_EQ(stored(KeyValueType::f16, page.data() + page.size() / 2, 8, 0, 0), -65504.0f);
  }
}

}  // namespace
}  // namespace helicon::kernels
