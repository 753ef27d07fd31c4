// The tokens that stand for media where a configuration of Muse is silent (transformers 5.23.0).
#pragma once

#include <cstdint>

namespace helicon::encoders {

inline constexpr int32_t kMuseImageToken = 200092, kMuseVideoToken = 200091,
                         kMuseAudioToken = 200038;

}  // namespace helicon::encoders
