// Pictures out of portable pixmaps, as FFmpeg writes them (netpbm, ppm(5), "P6").
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "media/ffmpeg.h"
#include "media/picture.h"

namespace helicon::media {

// Takes them in pieces of any length, one behind the other: "P6", width, height and 255 on lines of
// their own, then the pixels.
class PixmapReader {
 public:
  using Take = std::function<bool(Picture)>;  // false: that is enough
  explicit PixmapReader(Take take) : take_(std::move(take)) {}

  // False: that is enough, or no pixmap, or one larger than a picture may be.
  bool read(std::string_view bytes);

 private:
  bool begin();

  Take take_;
  std::string header_;
  Picture picture_;
  size_t filled_ = 0;
};

// The pictures of a file's first track of them, as `choice` ("-frames:v", "1") says which. Errors:
// those of Ffmpeg::run.
Status read_pixmaps(const Ffmpeg& ffmpeg, int file, const std::vector<std::string>& choice,
                    PixmapReader::Take take, const std::stop_token& stop);

}  // namespace helicon::media
