// How the patches of a picture or film are ordered while a tower works on them.
#pragma once

#include <cstddef>
#include <vector>

#include "encoders/vision_config.h"

namespace helicon::encoders {

// Patches of a medium: pairs of frames (of a picture 1), rows, columns; both sides are multiples of
// VisionConfig::merge.
struct PatchGrid {
  size_t frames = 1, height = 0, width = 0;

  size_t patches() const { return frames * height * width; }
  size_t embeddings(const VisionConfig& config) const {
    return patches() / (config.merge * config.merge);
  }
};

// Where a patch is.
struct PatchPlace {
  size_t frame = 0, row = 0, column = 0;
};

// Consecutive patches that see each other, and no others.
struct PatchSegment {
  size_t first = 0, count = 0;
};

// Frame by frame, and in each frame window by window of `side` x `side` patches, those at the right
// and at the bottom being what is left; in a window row by row.
std::vector<PatchPlace> window_order(const PatchGrid& grid, size_t side);
// The windows, and the frames, in that order.
std::vector<PatchSegment> window_segments(const PatchGrid& grid, size_t side);
std::vector<PatchSegment> frame_segments(const PatchGrid& grid);

// What a patch at `index` of `count` reads of a table of positions with `side` entries along that
// axis: two neighbours, weighted by how near they are; what lies outside counts nothing
// (bilinear, half-pixel centres, zero padding).
struct TableTaps {
  size_t entry[2];
  float weight[2];
};
TableTaps table_taps(size_t index, size_t count, size_t side);

}  // namespace helicon::encoders
