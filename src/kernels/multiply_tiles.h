// How the vector kernels walk: pieces of columns, panels, tiles of activation rows.
//
// A kernel gives, for the products of a panel's output rows with each of a tile's Rows rows at x,
//   Sums: a panel's worth of floats; zero(), load(floats), store(sums, floats)
//   add_block<Block, Rows>(block, x, totals): adds 32 columns to Sums totals[Rows]
//   add_super_block<Block, Rows>(block, x, sums, stride): adds the 256 of a k-quant to floats
//     [Rows, Block::kRows], `stride` apart; its whole numbers leave no registers for totals.
// Whatever is cut into pieces here, a sum is one chain over ascending blocks: between pieces it
// rests, unrounded, in the outputs.
#pragma once

#include <cstring>
#include <utility>

#include "kernels/block_access.h"
#include "kernels/quantized_rows.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

// Of many rows, 2,048 columns are taken at a time: those of all rows stay in the second cache and
// those of the panels at hand in the first. A few rows want the weights in the order of memory.
inline constexpr size_t kPieceBlocks = 64;
inline constexpr size_t kFewRows = 2 * QuantizedRows::kTile;

// Weights are asked for this many bytes ahead of their use, into the second cache: the first has
// too few places for lines on their way. Nearer by half, 4 to 16 rows take 10 to 20 % longer.
inline constexpr size_t kAhead = 6144;

// Asks for what follows part b of a block by kAhead bytes.
template <typename Block>
inline void fetch_ahead(const Block& block, size_t b) {
  constexpr size_t kStep = (sizeof(Block) / kBlocksIn<Block> + 63) / 64 * 64;
  const char* at =
      reinterpret_cast<const char*>(&block) + b * sizeof(Block) / kBlocksIn<Block> + kAhead;
#pragma GCC unroll 8
  for (size_t offset = 0; offset < kStep; offset += 64) __builtin_prefetch(at + offset, 0, 2);
}

// Adds `blocks` blocks of 32 columns in ascending order to sums [Rows, Block::kRows]; if `fresh`,
// to zero.
template <typename Kernel, typename Block, int Rows>
void run_tile(const Block* packed, size_t blocks, const ActivationBlock* x, float* sums,
              size_t stride, bool fresh) {
  if constexpr (kIsSuper<Block>) {
    constexpr size_t kCount = kBlocksIn<Block>;
    if (fresh)
      for (size_t r = 0; r < Rows; ++r) Kernel::store(Kernel::zero(), sums + r * stride);
    for (size_t i = 0; i < blocks; i += kCount, ++packed, x += kCount * Rows)
      Kernel::template add_super_block<Block, Rows>(*packed, x, sums, stride);
  } else {
    typename Kernel::Sums totals[Rows];
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r)
      totals[r] = fresh ? Kernel::zero() : Kernel::load(sums + r * stride);
    for (size_t i = 0; i < blocks; ++i, ++packed, x += Rows)
      Kernel::template add_block<Block, Rows>(*packed, x, totals);
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) Kernel::store(totals[r], sums + r * stride);
  }
}

template <typename Kernel, typename Block>
struct TileRunner {
  using Run = void (*)(const Block* packed, size_t blocks, const ActivationBlock* x, float* sums,
                       size_t stride, bool fresh);
  template <size_t... I>
  static Run choose(size_t rows, std::index_sequence<I...>) {
    static constexpr Run kRuns[] = {&run_tile<Kernel, Block, static_cast<int>(I) + 1>...};
    return kRuns[rows - 1];
  }
  static Run for_rows(size_t rows) {
    return choose(rows, std::make_index_sequence<QuantizedRows::kTile>());
  }
};

// outputs[row][o] for panels [first, last) and all rows; see KernelTable::multiply.
template <typename Kernel, typename Block>
void multiply_in_tiles(const PackedMatrix& matrix, size_t first, size_t last,
                       const QuantizedRows& activations, size_t rows, float* outputs,
                       size_t stride) {
  constexpr size_t kLanes = Block::kRows;
  const size_t blocks = matrix.columns / kBlock;
  const size_t piece = rows <= kFewRows ? blocks : kPieceBlocks;
  const auto* data = reinterpret_cast<const Block*>(matrix.data);
  alignas(64) float sums[QuantizedRows::kTile * kLanes] = {};
  for (size_t start = 0; start < blocks; start += piece) {
    const size_t count = blocks - start < piece ? blocks - start : piece;
    for (size_t panel = first; panel < last; ++panel) {
      const Block* packed = data + (panel * blocks + start) / kBlocksIn<Block>;
      const size_t column = panel * kLanes;
      const size_t lanes = matrix.rows - column < kLanes ? matrix.rows - column : kLanes;
      for (size_t row = 0; row < rows; row += QuantizedRows::kTile) {
        const size_t tile = activations.tile_rows(row);
        const auto run = TileRunner<Kernel, Block>::for_rows(tile);
        const ActivationBlock* x = activations.tile(row) + start * tile;
        float* target = outputs + row * stride + column;
        if (lanes == kLanes) {
          run(packed, count, x, target, stride, start == 0);
          continue;
        }
        // The matrix's last rows do not fill a panel.
        if (start > 0)
          for (size_t r = 0; r < tile; ++r)
            std::memcpy(sums + r * kLanes, target + r * stride, lanes * sizeof(float));
        run(packed, count, x, sums, kLanes, start == 0);
        for (size_t r = 0; r < tile; ++r)
          std::memcpy(target + r * stride, sums + r * kLanes, lanes * sizeof(float));
      }
    }
  }
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
