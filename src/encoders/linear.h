// A linear map with a bias, which all encoders are made of.
#pragma once

#include <vector>

#include "kernels/packed_matrix.h"

namespace helicon::encoders {

// outputs = matrix * inputs + bias
struct Linear {
  kernels::PackedMatrix matrix;
  std::vector<float> bias;
};

}  // namespace helicon::encoders
