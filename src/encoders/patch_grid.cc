#include "encoders/patch_grid.h"

#include <algorithm>
#include <cmath>

namespace helicon::encoders {
namespace {

// Calls visit(frame, top, bottom, left, right) for each window in order.
template <typename Visit>
void for_windows(const PatchGrid& grid, size_t side, const Visit& visit) {
  for (size_t frame = 0; frame < grid.frames; ++frame)
    for (size_t top = 0; top < grid.height; top += side)
      for (size_t left = 0; left < grid.width; left += side)
        visit(frame, top, std::min(top + side, grid.height), left,
              std::min(left + side, grid.width));
}

}  // namespace

std::vector<PatchPlace> window_order(const PatchGrid& grid, size_t side) {
  std::vector<PatchPlace> order;
  order.reserve(grid.patches());
  for_windows(grid, side, [&](size_t frame, size_t top, size_t bottom, size_t left, size_t right) {
    for (size_t row = top; row < bottom; ++row)
      for (size_t column = left; column < right; ++column) order.push_back({frame, row, column});
  });
  return order;
}

std::vector<PatchSegment> window_segments(const PatchGrid& grid, size_t side) {
  std::vector<PatchSegment> segments;
  size_t first = 0;
  for_windows(grid, side, [&](size_t, size_t top, size_t bottom, size_t left, size_t right) {
    segments.push_back({first, (bottom - top) * (right - left)});
    first += segments.back().count;
  });
  return segments;
}

std::vector<PatchSegment> frame_segments(const PatchGrid& grid) {
  std::vector<PatchSegment> segments;
  const size_t count = grid.height * grid.width;
  for (size_t frame = 0; frame < grid.frames; ++frame) segments.push_back({frame * count, count});
  return segments;
}

TableTaps table_taps(size_t index, size_t count, size_t side) {
  const float at =
      (static_cast<float>(index) + 0.5f) * static_cast<float>(side) / static_cast<float>(count) -
      0.5f;
  const float floor = std::floor(at);
  TableTaps taps{};
  for (int tap = 0; tap < 2; ++tap) {
    const auto entry = static_cast<long>(floor) + tap;
    const float distance = std::abs(at - floor - static_cast<float>(tap));
    const bool inside = entry >= 0 && entry < static_cast<long>(side);
    taps.entry[tap] = inside ? static_cast<size_t>(entry) : 0;
    taps.weight[tap] = inside ? std::max(1.0f - distance, 0.0f) : 0.0f;
  }
  return taps;
}

}  // namespace helicon::encoders
