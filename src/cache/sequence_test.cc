#include "cache/sequence.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace helicon::cache {
namespace {

constexpr CacheShape kShape{2, 1, 8};

std::unique_ptr<PagePool> make_pool(size_t pages) {
  return std::move(PagePool::create(kShape, pages)).value();
}

float& slot(PagePool& pool, const Sequence& sequence, int position) {
  const auto at = static_cast<size_t>(position);
  return pool.keys(
      1, 0)[sequence.pages()[at / kPagePositions] * kShape.page_floats() + at % kPagePositions];
}

TEST(Sequence, TakesAndGivesBackPages) {
  auto pool = make_pool(4);
  {
    Sequence sequence(*pool);
    EXPECT_TRUE(sequence.reserve(33));
    EXPECT_EQ(pool->available(), 2u);
    sequence.advance(33);
    EXPECT_TRUE(sequence.reserve(31));
    EXPECT_EQ(pool->available(), 2u);
    EXPECT_FALSE(sequence.reserve(96));
    EXPECT_EQ(pool->available(), 2u);
  }
  EXPECT_EQ(pool->available(), 4u);
}

TEST(Sequence, ReleasedPagesComeBackAsZeros) {
  auto pool = make_pool(3);
  for (int round = 0; round < 3; ++round) {
    Sequence sequence(*pool);
    ASSERT_TRUE(sequence.reserve(96));
    for (size_t page = 0; page < 3; ++page)
      for (size_t i = 0; i < kShape.page_floats(); ++i) {
        float& value = pool->keys(0, 0)[page * kShape.page_floats() + i];
        ASSERT_EQ(value, 0);
        value = 7;
      }
  }
}

// Random forks, appends and drops against a plain model: every sequence always reads back just what
// it wrote itself, and no page is lost.
TEST(Sequence, ForksAreIndependent) {
  auto pool = make_pool(64);
  std::mt19937 random(3);
  struct Entry {
    Sequence sequence;
    std::vector<float> written;
  };
  std::vector<Entry> entries;
  float next = 1;
  for (int step = 0; step < 20000; ++step) {
    const unsigned action = random() % 10;
    if (entries.empty() || (action == 0 && entries.size() < 12)) {
      entries.push_back({Sequence(*pool), {}});
    } else if (action == 1 && entries.size() < 12) {
      Entry& source = entries[random() % entries.size()];
      Entry copy{source.sequence.fork(), source.written};
      entries.push_back(std::move(copy));
    } else if (action == 2) {
      entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(random() % entries.size()));
    } else {
      Entry& entry = entries[random() % entries.size()];
      const int count = 1 + static_cast<int>(random() % 20);
      const size_t before = pool->available(), needed = entry.sequence.pages_needed(count);
      if (!entry.sequence.reserve(count)) {
        EXPECT_GT(needed, before);
        continue;
      }
      EXPECT_EQ(before - pool->available(), needed);
      for (int i = 0; i < count; ++i) {
        slot(*pool, entry.sequence, entry.sequence.length() + i) = next;
        entry.written.push_back(next++);
      }
      entry.sequence.advance(count);
    }
    if (step % 100 != 0) continue;
    for (const Entry& entry : entries)
      for (size_t i = 0; i < entry.written.size(); ++i)
        ASSERT_EQ(slot(*pool, entry.sequence, static_cast<int>(i)), entry.written[i]);
  }
  entries.clear();
  EXPECT_EQ(pool->available(), 64u);
}

}  // namespace
}  // namespace helicon::cache
