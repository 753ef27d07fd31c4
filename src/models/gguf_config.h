// The part of a GGUF file's numbers that all decoder architectures write alike.
#pragma once

#include "base/result.h"
#include "models/config.h"
#include "weights/model_numbers.h"

namespace helicon::models {

// Sizes, context, epsilon and attention scale; layers attend to everything with rotation 0, which
// the caller fills. Checks that sizes fit each other.
Result<DecoderConfig> read_common(const ModelNumbers& numbers);

// Frequencies theta^(-2i/d) over the rotated dimensions, divided by the linear factor and by the
// file's rope_freqs.weight (Llama 3) where it has them. Other scalings are unsupported.
Result<Rotation> read_rotation(const ModelNumbers& numbers, const DecoderConfig& config);

// theta^(-2i/d) / factor for i in [0, pairs), in 32-bit floats as the references compute them.
Rotation make_rotation(size_t pairs, float theta, float factor);

}  // namespace helicon::models
