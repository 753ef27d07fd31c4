#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <chrono>

namespace helicon {
namespace {

TEST(ThreadPool, EveryMemberRunsOnce) {
  for (int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    std::vector<std::atomic<int>> calls(static_cast<size_t>(threads));
    for (int round = 0; round < 1000; ++round)
      pool.run([&](int member) { calls[static_cast<size_t>(member)]++; });
    for (const auto& count : calls) EXPECT_EQ(count.load(), 1000);
  }
}

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

TEST(ThreadPool, WakesSleepingMembers) {
  ThreadPool pool(2);
  std::atomic<int> calls{0};
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    pool.run([&](int) { calls++; });
  }
  EXPECT_EQ(calls.load(), 6);
}

}  // namespace
}  // namespace helicon
