// Pictures of another size.
#pragma once

#include <cstddef>

#include "media/picture.h"

namespace helicon::media {

// Lanczos over three pixels, widened by the factor where the picture becomes smaller, in whole
// numbers: the weights of a pixel in 16 bits, first along the rows and then along the columns, each
// rounded to 8 bits; a side that stays as it is is not touched. To the last bit what
// torch.nn.functional.interpolate does with 8-bit pixels (PyTorch, UpSampleKernel.cpp,
// mode="lanczos", antialias=True), which torchvision 0.27 resizes with.
Picture resize_lanczos(const Picture& picture, size_t width, size_t height);

}  // namespace helicon::media
