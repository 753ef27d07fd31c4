// From a picture to the numbers a vision tower takes.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "base/result.h"
#include "media/picture.h"

namespace helicon::media {

// What a folder's processor says of pictures; otherwise the defaults of its class (transformers
// 5.23.0, models/muse_glimmer/image_processing_muse_glimmer.py).
struct PictureRules {
  size_t patch = 14;  // pixels of a side
  size_t merge = 2;   // patches of a side that become one token
  size_t frames = 2;  // of a patch: a picture is shown as often
  size_t most_tokens = 4096;
  std::array<float, 3> mean{0.5f, 0.5f, 0.5f}, deviation{0.5f, 0.5f, 0.5f};  // of [0, 1]
};

// Reads processor_config.json, otherwise preprocessor_config.json; the defaults where there is
// neither. Errors: corrupt, io, too_large, unsupported (steps that are left out or done otherwise).
Result<PictureRules> read_picture_rules(const std::filesystem::path& folder);

// Patches of a picture: rows and columns, multiples of PictureRules::merge.
struct PictureGrid {
  size_t height = 0, width = 0;
};

// The grid whose sides are the ideal ones rounded up or down, nearest in shape to the picture, with
// at most PictureRules::most_tokens merged patches. Of several that are equally near, the one that
// the reference meets first, in the order of a Python set of pairs.
PictureGrid choose_grid(size_t width, size_t height, const PictureRules& rules);

struct PicturePatches {
  PictureGrid grid;
  std::vector<float> values;  // [patches, frames * 3 * patch * patch]: frame, channel, row, column
};

// Adds the patches of PictureRules::frames pictures that have the size of a grid, one behind the
// other in time: (value / 255 - mean) / deviation.
void add_patches(std::span<const Picture* const> frames, const PictureRules& rules,
                 std::vector<float>& values);

// Resized to its grid, in whole numbers, then (value / 255 - mean) / deviation.
PicturePatches make_patches(const Picture& picture, const PictureRules& rules);

}  // namespace helicon::media
