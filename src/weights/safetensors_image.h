// A safetensors file put together in memory, right or wrong: for tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace helicon::weights {

// The length of the header, the header, the data.
inline std::string safetensors_image(std::string_view header, std::string_view data) {
  std::string image;
  for (int shift = 0; shift < 64; shift += 8)
    image += static_cast<char>(uint64_t{header.size()} >> shift & 255);
  return image.append(header).append(data);
}

}  // namespace helicon::weights
