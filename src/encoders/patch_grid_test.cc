#include "encoders/patch_grid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace helicon::encoders {
namespace {

TEST(WindowOrder, HasEachPatchOnceWindowByWindow) {
  for (const PatchGrid& grid : {PatchGrid{1, 5, 7}, PatchGrid{3, 4, 8}, PatchGrid{2, 1, 1}}) {
    const auto order = window_order(grid, 4);
    std::set<std::tuple<size_t, size_t, size_t>> seen;
    for (const PatchPlace& at : order) seen.insert({at.frame, at.row, at.column});
    EXPECT_EQ(order.size(), grid.patches());
    EXPECT_EQ(seen.size(), grid.patches());
    for (const PatchSegment& window : window_segments(grid, 4))
      for (size_t i = 0; i < window.count; ++i) {
        const PatchPlace &first = order[window.first], &at = order[window.first + i];
        EXPECT_EQ(std::tuple(at.frame, at.row / 4, at.column / 4),
                  std::tuple(first.frame, first.row / 4, first.column / 4));
      }
  }
}

TEST(Segments, FollowEachOther) {
  const PatchGrid grid{2, 5, 7};
  for (const auto& segments : {window_segments(grid, 4), frame_segments(grid)}) {
    size_t next = 0;
    for (const PatchSegment& segment : segments) {
      EXPECT_EQ(segment.first, next);
      EXPECT_GT(segment.count, 0u);
      next += segment.count;
    }
    EXPECT_EQ(next, grid.patches());
  }
  EXPECT_EQ(frame_segments(grid).size(), 2u);
  EXPECT_EQ(window_segments(grid, 4).size(), 8u);
  EXPECT_EQ(window_segments(grid, 64).size(), 2u);
}

TEST(TableTaps, OfAGridAsLargeAsTheTableAreItsEntries) {
  for (size_t i = 0; i < 6; ++i) {
    const TableTaps taps = table_taps(i, 6, 6);
    EXPECT_EQ(taps.entry[0], i);
    EXPECT_EQ(taps.weight[0], 1.0f);
    EXPECT_EQ(taps.weight[1], 0.0f);
  }
}

// Half a patch outside reads half of the border, and nothing of what is beyond it.
TEST(TableTaps, OutsideTheTableThereIsNothing) {
  const TableTaps first = table_taps(0, 8, 4), last = table_taps(7, 8, 4);
  EXPECT_EQ(first.weight[0], 0.0f);
  EXPECT_EQ(first.weight[1], 0.75f);
  EXPECT_EQ(first.entry[1], 0u);
  EXPECT_EQ(last.entry[0], 3u);
  EXPECT_EQ(last.weight[0], 0.75f);
  EXPECT_EQ(last.weight[1], 0.0f);
}

}  // namespace
}  // namespace helicon::encoders
