// Any bytes may come as a picture: an error of one line, or pixels that can be made into patches.
// The seeds are the golden pictures; see also src/media/picture_test.cc.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "media/picture_patches.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A copy of its own, so that reading beyond it is seen.
  const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data),
                                     reinterpret_cast<const std::byte*>(data) + size);
  const auto picture = helicon::media::decode_picture(bytes);
  if (!picture.ok()) {
    const std::string& message = picture.error().message;
    if (message.empty() || message.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  if (picture->pixels.size() != 3 * picture->width * picture->height) std::abort();
  if (picture->width * picture->height > size_t{1} << 20) return 0;  // slow under sanitizers
  helicon::media::PictureRules rules;
  rules.most_tokens = 16;
  const auto patches = helicon::media::make_patches(*picture, rules);
  if (patches.values.size() !=
      patches.grid.height * patches.grid.width * rules.frames * 3 * rules.patch * rules.patch)
    std::abort();
  return 0;
}
