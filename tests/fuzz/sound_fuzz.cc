// Any bytes may come as a sound: an error of one line, or samples that are numbers.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "media/sound.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A copy of its own, so that reading beyond it is seen.
  const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data),
                                     reinterpret_cast<const std::byte*>(data) + size);
  const auto sound = helicon::media::decode_sound(bytes);
  if (!sound.ok()) {
    const std::string& message = sound.error().message;
    if (message.empty() || message.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  if (sound->samples.empty()) std::abort();
  for (const float sample : sound->samples)
    if (!std::isfinite(sample)) std::abort();
  return 0;
}
