// From floats to the blocks of GGUF.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "tensor/element_type.h"

namespace helicon::tensor {

// What floats can be turned into.
inline constexpr ElementType kQuantizeTypes[] = {
    ElementType::f32,  ElementType::f16,  ElementType::bf16, ElementType::q8_0,
    ElementType::q4_k, ElementType::q5_k, ElementType::q6_k};

// Encodes finite floats, a whole number of the type's blocks, to `target`, of any alignment. A
// block's scales are those of least squares among some twenty that are tried, large values counting
// more. `type` is one of kQuantizeTypes.
void quantize(ElementType type, std::span<const float> source, std::byte* target);

}  // namespace helicon::tensor
