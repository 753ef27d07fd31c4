// From a film to the numbers a vision tower takes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "media/ffmpeg.h"
#include "media/picture_patches.h"

namespace helicon::media {

// What a folder's processor says of films; otherwise the defaults of its class (transformers
// 5.23.0, models/muse_glimmer/video_processing_muse_glimmer.py).
struct FilmRules {
  PictureRules pictures{.most_tokens = 144};  // of a group of PictureRules::frames
  double frames_per_second = 2;
  size_t most_frames = 96;
};

// Reads processor_config.json if it has a "video_processor", otherwise
// video_preprocessor_config.json or preprocessor_config.json; the defaults where there is none of
// them. Errors: as those of read_picture_rules.
Result<FilmRules> read_film_rules(const std::filesystem::path& folder);

// Which frames of a film of so many are shown: spread evenly over all of it, whole groups where it
// has enough for one. As torch.linspace places them, in 32-bit floats.
std::vector<size_t> choose_frames(size_t frames, double frames_per_second, const FilmRules& rules);

struct FilmPatches {
  PictureGrid grid;             // of each group
  std::vector<float> values;    // [groups * patches, frames * 3 * patch * patch]
  std::vector<double> seconds;  // from the film's beginning, of each group's first frame
};

// The last frame fills a group that is not whole. `file`: open. Errors: unsupported (no pictures in
// it), corrupt, too_large, and those of Ffmpeg::run.
Result<FilmPatches> decode_film(const Ffmpeg& ffmpeg, int file, const FilmRules& rules,
                                const std::stop_token& stop = {});

}  // namespace helicon::media
