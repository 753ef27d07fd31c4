// The element types a weight file may hold, with their block shapes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace helicon::tensor {

// Values are GGUF's (ggml.h, enum ggml_type); the gaps are types that are not supported. Those from
// kFolderTypes on are not GGUF's, but of safetensors alone, and mean something with their scales
// only (tensor/tile_scales.h).
inline constexpr uint32_t kFolderTypes = 1000;
enum class ElementType : uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  bf16 = 30,
  f8_e4m3 =
      1000,  // sign, 4 bits of exponent, 3 of fraction; no infinity (Micikevicius et al. 2022)
  f4_e2m1 = 1001,  // sign, 2 and 1; a byte has two, the first in its low half (OCP MX 1.0)
};

struct ElementTypeInfo {
  ElementType type;
  std::string_view name;  // "Q4_K", as people know it
  size_t block_elements;  // elements a block; a row is a whole number of blocks
  size_t block_bytes;
};

// nullopt: GGUF may know that number, this engine does not.
std::optional<ElementTypeInfo> element_type_info(uint32_t gguf_type);
const ElementTypeInfo& info(ElementType type);
// "Q4_K"; also of types that are not supported ("IQ2_XS"), and the number where there is no name.
std::string element_type_name(uint32_t gguf_type);

// Decodes `elements` (a multiple of the type's block) from `source` to floats, exactly as the
// format defines them. `source` may have any alignment. Portable; the oracle of the fast kernels.
void dequantize(ElementType type, const std::byte* source, float* target, size_t elements);

}  // namespace helicon::tensor
