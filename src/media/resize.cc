#include "media/resize.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace helicon::media {
namespace {

constexpr double kLobes = 3;

double sinc(double x) {
  if (x == 0) return 1;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}
double lanczos(double x) { return x > -kLobes && x < kLobes ? sinc(x) * sinc(x / kLobes) : 0; }

// Of each new pixel along one side: the first old one it is made of, and how much of it and of
// those that follow.
struct Taps {
  size_t most = 0;               // weights of a pixel, at most
  unsigned precision = 0;        // a weight is its number times 2^-precision
  std::vector<size_t> first;     // [pixels]
  std::vector<size_t> count;     // [pixels]
  std::vector<int16_t> weights;  // [pixels, most]
};

Taps make_taps(size_t from, size_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double widening = std::max(scale, 1.0), support = kLobes * widening;
  Taps taps;
  taps.most = static_cast<size_t>(std::ceil(support)) * 2 + 1;
  std::vector<double> exact(to * taps.most);
  double largest = 0;
  for (size_t i = 0; i < to; ++i) {
    const double center = scale * (static_cast<double>(i) + 0.5);
    const auto low = static_cast<int64_t>(std::floor(center - support + 0.5));
    const auto high = static_cast<int64_t>(std::floor(center + support + 0.5));
    const auto first = static_cast<size_t>(std::max<int64_t>(low, 0));
    const size_t last = std::min(static_cast<size_t>(std::max<int64_t>(high, 0)), from);
    const size_t count = std::min(last - first, taps.most);
    double* weights = exact.data() + i * taps.most;
    double total = 0;
    for (size_t j = 0; j < count; ++j) {
      weights[j] = lanczos((static_cast<double>(j) + (static_cast<double>(first) - center) + 0.5) *
                           (1 / widening));
      total += weights[j];
    }
    for (size_t j = 0; j < count; ++j) {
      if (total != 0) weights[j] /= total;
      largest = std::max(largest, weights[j]);
    }
    taps.first.push_back(first);
    taps.count.push_back(count);
  }
  // As precise as the largest weight lets 16 bits be.
  constexpr unsigned kMostPrecise = 22;
  while (taps.precision < kMostPrecise &&
         static_cast<int>(std::floor(0.5 + largest * (1 << (taps.precision + 1)))) < 1 << 15)
    ++taps.precision;
  for (const double weight : exact) {
    const double scaled = weight * (1 << taps.precision);
    taps.weights.push_back(
        static_cast<int16_t>(scaled < 0 ? std::ceil(scaled - 0.5) : std::floor(scaled + 0.5)));
  }
  return taps;
}

uint8_t rounded(int32_t sum, unsigned precision) {
  return static_cast<uint8_t>(std::clamp(sum >> precision, 0, 255));
}

// One side of a picture of `lines` lines: pixel i of a line is at i * step from its beginning, and
// the lines are `stride` apart.
struct Walk {
  size_t lines, step, stride;
};

void resample(const uint8_t* source, const Walk& from, uint8_t* target, const Walk& to,
              const Taps& taps) {
  for (size_t line = 0; line < from.lines; ++line)
    for (size_t i = 0; i < taps.first.size(); ++i) {
      const int16_t* weights = taps.weights.data() + i * taps.most;
      const uint8_t* at = source + line * from.stride + taps.first[i] * from.step;
      int32_t sums[3];
      std::fill_n(sums, 3, 1 << (taps.precision - 1));
      for (size_t j = 0; j < taps.count[i]; ++j, at += from.step)
        for (size_t c = 0; c < 3; ++c) sums[c] += weights[j] * at[c];
      uint8_t* pixel = target + line * to.stride + i * to.step;
      for (size_t c = 0; c < 3; ++c) pixel[c] = rounded(sums[c], taps.precision);
    }
}

}  // namespace

Picture resize_lanczos(const Picture& picture, size_t width, size_t height) {
  Picture wide;
  const Picture* narrow = &picture;
  if (width != picture.width) {
    wide = {width, picture.height, std::vector<uint8_t>(3 * width * picture.height)};
    resample(picture.pixels.data(), {picture.height, 3, 3 * picture.width}, wide.pixels.data(),
             {picture.height, 3, 3 * width}, make_taps(picture.width, width));
    narrow = &wide;
  }
  if (height == picture.height) return *narrow;
  Picture result{width, height, std::vector<uint8_t>(3 * width * height)};
  resample(narrow->pixels.data(), {width, 3 * width, 3}, result.pixels.data(),
           {width, 3 * width, 3}, make_taps(picture.height, height));
  return result;
}

}  // namespace helicon::media
