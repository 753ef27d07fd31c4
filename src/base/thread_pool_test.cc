#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <chrono>

namespace helicon {
namespace {

TEST(ThreadPool, RangesCoverEachIndexOnce) {
  ThreadPool pool(3);
  for (size_t count : {0u, 1u, 7u, 64u, 1001u}) {
    std::vector<std::atomic<int>> seen(count);
    pool.for_ranges(count, 4, [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i) seen[i]++;
    });
    for (const auto& times : seen) EXPECT_EQ(times.load(), 1);
  }
}

// A thousand short sections one after the other, as in a step: none is lost, none runs twice.
TEST(ThreadPool, SectionsFollowEachOther) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    std::vector<int> sums(64, 0);
    for (int round = 0; round < 1000; ++round)
      pool.for_ranges(sums.size(), 3, [&](size_t first, size_t last) {
        for (size_t i = first; i < last; ++i) ++sums[i];
      });
    for (const int sum : sums) EXPECT_EQ(sum, 1000);
  }
}

TEST(ThreadPool, MembersShareTheWork) {
  ThreadPool pool(2);
  std::atomic<int> inside{0}, together{0};
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // let the other fall asleep
    pool.for_ranges(2, 1, [&](size_t, size_t) {
      ++inside;
      // Each waits for the other: with one member alone this would take all of its time.
      for (int i = 0; i < 5000 && inside.load() < 2 * (round + 1); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (inside.load() >= 2 * (round + 1)) ++together;
    });
  }
  EXPECT_EQ(together.load(), 6);
}

}  // namespace
}  // namespace helicon
