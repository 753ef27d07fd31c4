// Pictures out of portable pixmaps, as FFmpeg writes them (netpbm, ppm(5), "P6").
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

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

}  // namespace helicon::media
