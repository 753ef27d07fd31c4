// Random inputs for the kernel tests.
#pragma once

#include <cstring>
#include <random>
#include <vector>

#include "tensor/element_type.h"
#include "tensor/half.h"

namespace helicon::kernels {

inline constexpr tensor::ElementType kAllTypes[] = {
    tensor::ElementType::f32,  tensor::ElementType::f16,  tensor::ElementType::bf16,
    tensor::ElementType::q4_0, tensor::ElementType::q4_1, tensor::ElementType::q5_0,
    tensor::ElementType::q5_1, tensor::ElementType::q8_0, tensor::ElementType::q2_k,
    tensor::ElementType::q3_k, tensor::ElementType::q4_k, tensor::ElementType::q5_k,
    tensor::ElementType::q6_k};

// Where a block of this type keeps its f16 scales: offsets in bytes.
inline std::vector<size_t> half_offsets(tensor::ElementType type) {
  using enum tensor::ElementType;
  switch (type) {
    case q4_0:
    case q5_0:
    case q8_0:
      return {0};
    case q4_1:
    case q5_1:
    case q4_k:
    case q5_k:
      return {0, 2};
    case q2_k:
      return {80, 82};
    case q3_k:
      return {108};
    case q6_k:
      return {208};
    default:
      return {};
  }
}

// A matrix [rows, columns] in the file's layout: random bits everywhere, but scales of a sane size,
// and in 8 bits any number but the one that is none.
inline std::vector<std::byte> random_matrix(tensor::ElementType type, size_t rows, size_t columns,
                                            std::mt19937& random) {
  const tensor::ElementTypeInfo& info = tensor::info(type);
  const size_t blocks = rows * columns / info.block_elements;
  std::vector<std::byte> bytes(blocks * info.block_bytes);
  std::normal_distribution<float> normal;
  if (type == tensor::ElementType::f32) {
    for (size_t i = 0; i < rows * columns; ++i) {
      const float value = normal(random);
      std::memcpy(bytes.data() + 4 * i, &value, 4);
    }
    return bytes;
  }
  if (info.block_bytes == 2 && info.block_elements == 1) {
    for (size_t i = 0; i < rows * columns; ++i) {
      const float value = normal(random);
      const uint16_t half =
          type == tensor::ElementType::f16 ? tensor::f32_to_f16(value) : tensor::f32_to_bf16(value);
      std::memcpy(bytes.data() + 2 * i, &half, 2);
    }
    return bytes;
  }
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(random());
    if (type == tensor::ElementType::f8_e4m3 && (byte & std::byte{0x7F}) == std::byte{0x7F})
      byte = std::byte{0x7E};
  }
  for (size_t b = 0; b < blocks; ++b)
    for (const size_t offset : half_offsets(type)) {
      const uint16_t half = tensor::f32_to_f16(0.05f * normal(random));
      std::memcpy(bytes.data() + b * info.block_bytes + offset, &half, 2);
    }
  return bytes;
}

inline std::vector<float> random_floats(size_t count, std::mt19937& random, float size = 1.0f) {
  std::normal_distribution<float> normal(0.0f, size);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

}  // namespace helicon::kernels
