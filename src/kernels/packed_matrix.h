// A weight matrix as the multiply kernels read it: output rows interleaved, packed at load.
//
// Eight rows, or sixteen where vectors are that long, are a panel. Within a panel, each run of 32
// columns (a block) is eight quads; quad g holds columns 4g..4g+3 of all rows, row r at bytes
// 4r..4r+3. One 32-bit lane of a vector thus belongs to one output row, and a broadcast of four
// activations multiplies a whole quad: no horizontal sums. The weights' own integers and scales are
// kept as they are, so packing loses nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "tensor/element_type.h"
#include "tensor/tile_scales.h"

namespace helicon::kernels {

inline constexpr size_t kPanelRows = 8;     // unless the kernel table asks for more
inline constexpr size_t kBlock = 32;        // columns that are multiplied at a time
inline constexpr size_t kSuperBlock = 256;  // columns that share a k-quant's outer scale

// Counts the layouts below, as packed matrices are kept on disk: another one, another number.
inline constexpr int kPackingVersion = 1;

enum class PackedKind {
  nibbles,      // Q4_0, Q4_1: value = d q + m, f16 d and m for 32 columns
  five_bits,    // Q5_0, Q5_1: the same with a fifth bit
  nibbles_k,    // Q4_K: value = d s q - e t, 6-bit s and t for 32 columns, f16 d and e for 256
  five_bits_k,  // Q5_K
  six_bits_k,   // Q6_K, Q3_K: value = d s (q - 32), 8-bit s for 16 columns, f16 d for 256
  bytes,        // Q8_0: value = d q, f16 d for 32 columns
  floats,  // F32, F16, BF16, FP8, FP4, Q2_K: not packed; decoded from the file as they are used
  count
};

// The layouts, of panels of R rows. Scales come first and then the weights in the order of their
// columns, so that a panel is read in ascending order: processors fetch that ahead by themselves.
template <size_t R>
struct NibblesBlock {
  static constexpr size_t kRows = R;
  uint16_t scale[R];      // f16, by row
  uint16_t minimum[R];    // f16, by row
  uint8_t low[4][4 * R];  // vector v: quad v in the low nibbles, quad v + 4 in the high ones
};
template <size_t R>
struct FiveBitsBlock {
  static constexpr size_t kRows = R;
  uint16_t scale[R];
  uint16_t minimum[R];
  uint8_t low[4][4 * R];
  uint8_t high[4 * R];  // bit g: the fifth bit of quad g
};
template <size_t R>
struct NibblesKBlock {
  static constexpr size_t kRows = R;
  struct Part {
    uint8_t low[4][4 * R];
  };
  uint16_t scale[R];
  uint16_t minimum[R];
  uint8_t block_scale[8][R];       // [block][row]
  uint8_t block_minimum[4][R][2];  // [pair of blocks][row][block of the pair]
  Part part[8];                    // [block]
};
template <size_t R>
struct FiveBitsKBlock {
  static constexpr size_t kRows = R;
  struct Part {
    uint8_t low[4][4 * R];
    uint8_t high[4 * R];
  };
  uint16_t scale[R];
  uint16_t minimum[R];
  uint8_t block_scale[8][R];
  uint8_t block_minimum[4][R][2];
  Part part[8];
};
template <size_t R>
struct SixBitsKBlock {
  static constexpr size_t kRows = R;
  struct Part {
    uint8_t low[4][4 * R];
    uint8_t high[2][4 * R];  // vector u: quad 4u + f in bits 2f, 2f + 1
  };
  uint16_t scale[R];
  int8_t block_scale[16][R];  // [run of 16 columns][row]
  Part part[8];
};
template <size_t R>
struct BytesBlock {
  static constexpr size_t kRows = R;
  uint16_t scale[R];
  int8_t weight[8][4 * R];  // [quad]
};

PackedKind packed_kind(tensor::ElementType type);

// Columns whose activations must share a scale to be multiplied by matrices of this kind.
constexpr size_t group_of(PackedKind kind) {
  return kind == PackedKind::nibbles_k || kind == PackedKind::five_bits_k ||
                 kind == PackedKind::six_bits_k
             ? kSuperBlock
             : kBlock;
}

// A matrix [rows, columns] ready to be multiplied. A view: whoever packed owns the memory.
struct PackedMatrix {
  PackedKind kind = PackedKind::floats;
  tensor::ElementType type = tensor::ElementType::f32;
  size_t rows = 0;
  size_t columns = 0;
  size_t panel_rows = kPanelRows;   // 8 or 16; 8 for PackedKind::floats
  const std::byte* data = nullptr;  // panels, or for PackedKind::floats the rows of the file
  // For types that have scales of their own, and which of the tensor's rows is the first one here.
  const tensor::TileScales* scales = nullptr;
  size_t first_row = 0;

  size_t panels() const { return (rows + panel_rows - 1) / panel_rows; }
};

// Bytes of the whole packed matrix; 0 for PackedKind::floats.
size_t packed_bytes(const PackedMatrix& matrix);

// Packs panels [first, last) of `source` [rows, columns], rows as the file has them, to `target`,
// the memory of the whole packed matrix. Missing rows of the last panel become zeros.
void pack_panels(const PackedMatrix& matrix, const std::byte* source, size_t first, size_t last,
                 std::byte* target);

// One row of the matrix as floats [columns], decoded from the packed form; for tests.
void unpack_row(const PackedMatrix& matrix, size_t row, float* target);

}  // namespace helicon::kernels
