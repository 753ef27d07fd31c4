// The one number of an Exif block that matters here (TIFF 6.0, "Image File Directory"; tag 274).
#include <cstring>

#include "media/picture.h"

namespace helicon::media {
namespace {

constexpr uint64_t kOrientation = 274, kShort = 3;

// Numbers of either byte order; zeros beyond the end.
class Tiff {
 public:
  explicit Tiff(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // Whether it begins like one; says which byte order it has.
  bool open() {
    if (bytes_.size() < 8) return false;
    const auto first = std::to_integer<char>(bytes_[0]), second = std::to_integer<char>(bytes_[1]);
    little_ = first == 'I' && second == 'I';
    return (little_ || (first == 'M' && second == 'M')) && number(2, 2) == 42;
  }
  uint64_t number(uint64_t at, size_t count) const {
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t place = at + (little_ ? count - 1 - i : i);
      value = value << 8 |
              (place < bytes_.size() ? std::to_integer<uint64_t>(bytes_[place]) : uint64_t{0});
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool little_ = false;
};

}  // namespace

int exif_orientation(std::span<const std::byte> bytes) {
  Tiff tiff(bytes);
  if (!tiff.open()) return 1;
  const uint64_t directory = tiff.number(4, 4);
  const uint64_t entries = tiff.number(directory, 2);
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t entry = directory + 2 + 12 * i;
    if (tiff.number(entry, 2) != kOrientation) continue;
    const uint64_t value = tiff.number(entry + 8, 2);
    return tiff.number(entry + 2, 2) == kShort && value >= 1 && value <= 8 ? static_cast<int>(value)
                                                                           : 1;
  }
  return 1;
}

}  // namespace helicon::media
