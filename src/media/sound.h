// Sounds as samples, out of files that nobody vouches for.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"

namespace helicon::media {

inline constexpr size_t kSampleRate = 24'000;  // what Muse hears, in hertz
inline constexpr size_t kMostSamples = kSampleRate * 60 * 60;

struct Sound {
  std::vector<float> samples;  // one channel, kSampleRate, in [-1, 1]
};

// Decodes a WAV file of 24 kHz: whole numbers of 8, 16, 24 or 32 bits, divided by the largest
// magnitude they can have, or floats of 32 or 64 bits; several channels become their mean. Errors:
// unsupported (another format, rate or coding, named), too_large (over an hour), corrupt (no
// samples, or one that is no number).
Result<Sound> decode_sound(std::span<const std::byte> bytes);

}  // namespace helicon::media
