#include "media/pixmap_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace helicon::media {

bool PixmapReader::read(std::string_view bytes) {
  while (!bytes.empty()) {
    if (picture_.pixels.empty()) {
      header_ += bytes.front();
      bytes.remove_prefix(1);
      if (std::count(header_.begin(), header_.end(), '\n') == 3 && !begin()) return false;
      if (header_.size() > 64) return false;
      continue;
    }
    const size_t count = std::min(bytes.size(), picture_.pixels.size() - filled_);
    std::copy_n(bytes.begin(), count, picture_.pixels.begin() + static_cast<ptrdiff_t>(filled_));
    filled_ += count;
    bytes.remove_prefix(count);
    if (filled_ < picture_.pixels.size()) continue;
    header_.clear();
    filled_ = 0;
    if (!take_(std::exchange(picture_, {}))) return false;
  }
  return true;
}

bool PixmapReader::begin() {
  unsigned width = 0, height = 0, most = 0;
  if (std::sscanf(header_.c_str(), "P6\n%u %u\n%u\n", &width, &height, &most) != 3) return false;
  if (width == 0 || height == 0 || most != 255 || width > kLongestSide || height > kLongestSide ||
      size_t{width} * height > kMostPixels)
    return false;
  picture_.width = width;
  picture_.height = height;
  picture_.pixels.resize(size_t{width} * height * 3);
  return true;
}

Status read_pixmaps(const Ffmpeg& ffmpeg, int file, const std::vector<std::string>& choice,
                    PixmapReader::Take take, const std::stop_token& stop) {
  std::vector<std::string> words = {"-v",
                                    "error",
                                    "-nostdin",
                                    "-threads",
                                    "2",
                                    "-max_pixels",
                                    fmt::to_string(kMostPixels),
                                    "-i",
                                    std::string(Ffmpeg::kMedium),
                                    "-map",
                                    "0:v:0"};
  words.insert(words.end(), choice.begin(), choice.end());
  words.insert(words.end(), {"-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "-"});
  PixmapReader reader(std::move(take));
  return ffmpeg.run({.program = "ffmpeg",
                     .arguments = words,
                     .file = file,
                     .on_output = [&](std::string_view bytes) { return reader.read(bytes); },
                     .stop = stop});
}

}  // namespace helicon::media
