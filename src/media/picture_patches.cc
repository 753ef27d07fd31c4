#include "media/picture_patches.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "media/resize.h"

namespace helicon::media {
namespace {

// hash((first, second)) of small whole numbers (CPython 3.8 and later, Objects/tupleobject.c).
uint64_t hash_of_pair(uint64_t first, uint64_t second) {
  constexpr uint64_t kFirst = 11400714785074694791u, kSecond = 14029467366897019727u,
                     kFifth = 2870177450012600261u;
  uint64_t sum = kFifth;
  for (const uint64_t one : {first, second}) sum = std::rotl(sum + one * kSecond, 31) * kFirst;
  sum += 2 ^ (kFifth ^ 3527539u);
  return sum == ~uint64_t{0} ? 1546275796u : sum;
}

// Up to four pairs in the order in which a Python set gives them back: that of their places in a
// table of eight (Objects/setobject.c, set_add_entry; a table so small is never probed linearly).
class PairSet {
 public:
  using Pair = std::pair<uint64_t, uint64_t>;

  void add(uint64_t first, uint64_t second) {
    uint64_t perturb = hash_of_pair(first, second), place = perturb & kMask;
    while (const std::optional<Pair>& found = table_[place]) {
      if (*found == Pair(first, second)) return;
      perturb >>= 5;
      place = (place * 5 + 1 + perturb) & kMask;
    }
    table_[place] = Pair(first, second);
  }
  const auto& places() const { return table_; }

 private:
  static constexpr uint64_t kMask = 7;
  std::array<std::optional<Pair>, kMask + 1> table_;
};

}  // namespace

PictureGrid choose_grid(size_t width, size_t height, const PictureRules& rules) {
  const auto side = static_cast<double>(rules.patch * rules.merge);
  const auto most = static_cast<double>(rules.most_tokens);
  double ideal_height = static_cast<double>(height) / side,
         ideal_width = static_cast<double>(width) / side;
  if (ideal_height * ideal_width > most) {
    const double ratio = ideal_width / ideal_height;
    ideal_height = std::pow(most / ratio, 0.5);
    ideal_width = ideal_height * ratio;
  }
  PairSet candidates;
  for (const double tall : {std::floor(ideal_height), std::ceil(ideal_height)})
    for (const double wide : {std::floor(ideal_width), std::ceil(ideal_width)})
      candidates.add(static_cast<uint64_t>(tall), static_cast<uint64_t>(wide));
  const double shape = static_cast<double>(height) / static_cast<double>(width);
  double least = INFINITY;
  // Where all of them are too large or empty, the nearest whole sides; halves to the even one.
  PictureGrid best{static_cast<size_t>(std::max(1.0, std::nearbyint(ideal_height))),
                   static_cast<size_t>(std::max(1.0, std::nearbyint(ideal_width)))};
  for (const auto& candidate : candidates.places()) {
    if (!candidate) continue;
    const auto [tall, wide] = *candidate;
    if (tall < 1 || wide < 1 || tall * wide > rules.most_tokens) continue;
    const double distance = std::abs(static_cast<double>(tall) / static_cast<double>(wide) - shape);
    if (distance < least) {
      least = distance;
      best = {tall, wide};
    }
  }
  return {best.height * rules.merge, best.width * rules.merge};
}

void add_patches(std::span<const Picture* const> frames, const PictureRules& rules,
                 std::vector<float>& values) {
  const size_t patch = rules.patch, width = frames[0]->width;
  // With both scaled to whole pixel values first.
  std::array<float, 3> mean{}, deviation{};
  for (size_t c = 0; c < 3; ++c) {
    mean[c] = rules.mean[c] * 255;
    deviation[c] = rules.deviation[c] * 255;
  }
  const size_t before = values.size();
  values.resize(before + frames.size() * 3 * width * frames[0]->height);
  float* target = values.data() + before;
  for (size_t row = 0; row < frames[0]->height / patch; ++row)
    for (size_t column = 0; column < width / patch; ++column)
      for (const Picture* frame : frames)
        for (size_t c = 0; c < 3; ++c)
          for (size_t y = 0; y < patch; ++y) {
            const uint8_t* pixel =
                frame->pixels.data() + ((row * patch + y) * width + column * patch) * 3 + c;
            for (size_t x = 0; x < patch; ++x, pixel += 3)
              *target++ = (static_cast<float>(*pixel) - mean[c]) / deviation[c];
          }
}

PicturePatches make_patches(const Picture& picture, const PictureRules& rules) {
  PicturePatches patches;
  patches.grid = choose_grid(picture.width, picture.height, rules);
  const auto [rows, columns] = patches.grid;
  const Picture resized = resize_lanczos(picture, columns * rules.patch, rows * rules.patch);
  add_patches(std::vector<const Picture*>(rules.frames, &resized), rules, patches.values);
  return patches;
}

}  // namespace helicon::media
