// One quantised block of a file (tensor/blocks.h) taken apart into whole numbers, ready to be
// packed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels/packed_matrix.h"
#include "tensor/element_type.h"

namespace helicon::kernels {

struct BlockParts {
  uint16_t scale = 0;                    // f16
  uint16_t minimum = 0;                  // f16, added: for Q4_K and Q5_K, subtracted
  std::array<int, 16> block_scale{};     // k-quants: of each 32 columns, or of each 16 (Q3_K, Q6_K)
  std::array<int, 8> block_minimum{};    // Q4_K, Q5_K: of each 32 columns
  std::array<int, kSuperBlock> quant{};  // as many as the block has; unsigned, but for Q8_0
};

// Of the types that have a packed kind; Q3_K is rewritten as Q6_K: q - 4 = (q + 28) - 32.
BlockParts take_apart(tensor::ElementType type, const std::byte* block);

}  // namespace helicon::kernels
