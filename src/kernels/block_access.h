// What the multiply kernels ask of the kinds of packed blocks (packed_matrix.h).
#pragma once

#include <type_traits>

#include "kernels/packed_matrix.h"

namespace helicon::kernels {

template <typename Block, template <size_t> class Kind>
inline constexpr bool kIs = std::is_same_v<Block, Kind<Block::kRows>>;
template <typename Block>
inline constexpr bool kHasMinimum = !kIs<Block, BytesBlock> && !kIs<Block, SixBitsKBlock>;
template <typename Block>
inline constexpr bool kIsSuper =
    kIs<Block, NibblesKBlock> || kIs<Block, FiveBitsKBlock> || kIs<Block, SixBitsKBlock>;
template <typename Block>
inline constexpr bool kHasFifthBit = kIs<Block, FiveBitsBlock> || kIs<Block, FiveBitsKBlock>;
template <typename Block>
inline constexpr size_t kBlocksIn = kIsSuper<Block> ? kSuperBlock / kBlock : 1;

// The weights of 32 columns: part b of a super block, or the whole of a small one.
template <typename Block>
[[gnu::always_inline]] inline const auto& part_of(const Block& block, [[maybe_unused]] size_t b) {
  if constexpr (kIsSuper<Block>) {
    return block.part[b];
  } else {
    return block;
  }
}

}  // namespace helicon::kernels
