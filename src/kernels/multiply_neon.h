// The multiply kernel for NEON with DotProd: a panel's eight output rows as two vectors of four.
//
// sdot adds four products of signed bytes to each of four 32-bit lanes, and takes its second factor
// from any quarter of a register: sixteen activations are loaded once and never broadcast. Weights
// of 4 to 6 bits are small enough to be signed bytes as they are; those stored as q + 32 start from
// the activations' sum times -32. A tile's rows go over one half of a panel at a time, so that
// its quads take eight of the 32 registers and not sixteen.
#pragma once

#include <arm_neon.h>

#include <utility>

#include "kernels/multiply_tiles.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

inline constexpr size_t kHalves = 2;
inline constexpr size_t kHalfRows = 4;

inline float32x4_t load_halves(const uint16_t* p) {
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
inline int16x4_t half_of(int16x8_t rows, size_t half) {
  return half == 0 ? vget_low_s16(rows) : vget_high_s16(rows);
}
// One half's rows of eight bytes, one a row.
inline int32x4_t load_bytes_wide(const int8_t* p, size_t half) {
  return vmovl_s16(half_of(vmovl_s8(vld1_s8(p)), half));
}
inline int32x4_t load_bytes_wide(const uint8_t* p, size_t half) {
  return vmovl_s16(half_of(vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p))), half));
}

// Left by that many bits, or right if negative.
template <int Bits>
inline uint8x16_t shifted(uint8x16_t v) {
  if constexpr (Bits > 0) return vshlq_n_u8(v, Bits);
  if constexpr (Bits < 0) return vshrq_n_u8(v, -Bits);
  return v;
}

// Adds to each quad G its upper bits, which begin at bit Width * G of `bits`, as bits 4 and up.
template <int Width, int... G>
inline void add_upper_bits(int8x16_t* quads, uint8x16_t bits, std::integer_sequence<int, G...>) {
  const uint8x16_t mask = vdupq_n_u8(((1 << Width) - 1) << 4);
  ((quads[G] =
        vorrq_s8(quads[G], vreinterpretq_s8_u8(vandq_u8(shifted<4 - Width * G>(bits), mask)))),
   ...);
}

// The eight quads of a block, of one half's rows.
template <typename Block>
inline void unpack_quads(const Block& block, size_t b, size_t half, int8x16_t (&quads)[8]) {
  const size_t at = half * 4 * kHalfRows;
  if constexpr (kIs<Block, BytesBlock>) {
#pragma GCC unroll 8
    for (size_t g = 0; g < 8; ++g) quads[g] = vld1q_s8(block.weight[g] + at);
    return;
  } else {
    const uint8x16_t nibble = vdupq_n_u8(15);
    const auto& part = part_of(block, b);
#pragma GCC unroll 4
    for (size_t v = 0; v < 4; ++v) {
      const uint8x16_t bytes = vld1q_u8(part.low[v] + at);
      quads[v] = vreinterpretq_s8_u8(vandq_u8(bytes, nibble));
      quads[v + 4] = vreinterpretq_s8_u8(vshrq_n_u8(bytes, 4));
    }
    if constexpr (kHasFifthBit<Block>)
      add_upper_bits<1>(quads, vld1q_u8(part.high + at), std::make_integer_sequence<int, 8>());
    if constexpr (kIs<Block, SixBitsKBlock>) {
      constexpr auto kFour = std::make_integer_sequence<int, 4>();
      add_upper_bits<2>(quads, vld1q_u8(part.high[0] + at), kFour);
      add_upper_bits<2>(quads + 4, vld1q_u8(part.high[1] + at), kFour);
    }
  }
}

// Sum over the four quads of run `run`, of what the weights are and not of what they are stored as,
// times 2^shift.
template <typename Block>
inline int32x4_t dot_run(const int8x16_t* quads, const ActivationBlock& x, size_t run) {
  const int8x16_t quants = vld1q_s8(x.quants + QuantizedRows::kRun * run);
  const int8x16_t* const four = quads + 4 * run;
  int32x4_t sum = vdupq_n_s32(0);
  if constexpr (kIs<Block, SixBitsKBlock>) sum = vld1q_dup_s32(&x.offsets[run]);
  sum = vdotq_laneq_s32(sum, four[0], quants, 0);
  sum = vdotq_laneq_s32(sum, four[1], quants, 1);
  sum = vdotq_laneq_s32(sum, four[2], quants, 2);
  sum = vdotq_laneq_s32(sum, four[3], quants, 3);
  return vshlq_s32(sum, vld1q_dup_s32(&x.shifts[run]));
}

// The same for both runs.
template <typename Block>
inline int32x4_t dot_block(const int8x16_t* quads, const ActivationBlock& x) {
  return vaddq_s32(dot_run<Block>(quads, x, 0), dot_run<Block>(quads, x, 1));
}

// See multiply_tiles.h.
struct MultiplyKernel {
  struct Sums {
    float32x4_t half[kHalves];
  };
  static Sums zero() { return {{vdupq_n_f32(0), vdupq_n_f32(0)}}; }
  static Sums load(const float* p) { return {{vld1q_f32(p), vld1q_f32(p + kHalfRows)}}; }
  static void store(const Sums& sums, float* p) {
    vst1q_f32(p, sums.half[0]);
    vst1q_f32(p + kHalfRows, sums.half[1]);
  }

  template <typename Block, int Rows>
  [[gnu::always_inline]] static void add_block(const Block& block, const ActivationBlock* x,
                                               Sums (&totals)[Rows]) {
    fetch_ahead(block, 0);
#pragma GCC unroll 2
    for (size_t half = 0; half < kHalves; ++half) {
      const float32x4_t scale = load_halves(block.scale + half * kHalfRows);
      [[maybe_unused]] float32x4_t minimum{};
      if constexpr (kHasMinimum<Block>) minimum = load_halves(block.minimum + half * kHalfRows);
      int8x16_t quads[8];
      unpack_quads(block, 0, half, quads);
#pragma GCC unroll 8
      for (size_t r = 0; r < Rows; ++r) {
        float32x4_t& sum = totals[r].half[half];
        sum = vfmaq_f32(sum, vcvtq_f32_s32(dot_block<Block>(quads, x[r])),
                        vmulq_n_f32(scale, x[r].scale));
        if constexpr (kHasMinimum<Block>) sum = vfmaq_n_f32(sum, minimum, x[r].sum);
      }
    }
  }

  template <typename Block, int Rows>
  [[gnu::always_inline]] static void add_super_block(const Block& block, const ActivationBlock* x,
                                                     float* sums, size_t stride) {
    int32x4_t whole[kHalves][Rows] = {};
#pragma GCC unroll 1
    for (size_t b = 0; b < kBlocksIn<Block>; ++b) {
      fetch_ahead(block, b);
#pragma GCC unroll 2
      for (size_t half = 0; half < kHalves; ++half)
        add_part<Block, Rows>(block, b, half, x + b * Rows, whole[half]);
    }
#pragma GCC unroll 2
    for (size_t half = 0; half < kHalves; ++half)
      scale_super_block<Block, Rows>(block, half, x, whole[half], sums + half * kHalfRows, stride);
  }

  // Adds the products of part b, times its inner scales, to `whole`.
  template <typename Block, int Rows>
  [[gnu::always_inline]] static void add_part(const Block& block, size_t b, size_t half,
                                              const ActivationBlock* x, int32x4_t (&whole)[Rows]) {
    int8x16_t quads[8];
    unpack_quads(block, b, half, quads);
    if constexpr (kIs<Block, SixBitsKBlock>) {
      const int32x4_t scale_a = load_bytes_wide(block.block_scale[2 * b], half);
      const int32x4_t scale_c = load_bytes_wide(block.block_scale[2 * b + 1], half);
#pragma GCC unroll 8
      for (size_t r = 0; r < Rows; ++r) {
        whole[r] = vmlaq_s32(whole[r], dot_run<Block>(quads, x[r], 0), scale_a);
        whole[r] = vmlaq_s32(whole[r], dot_run<Block>(quads, x[r], 1), scale_c);
      }
    } else {
      const int32x4_t scale = load_bytes_wide(block.block_scale[b], half);
#pragma GCC unroll 8
      for (size_t r = 0; r < Rows; ++r)
        whole[r] = vmlaq_s32(whole[r], dot_block<Block>(quads, x[r]), scale);
    }
  }

  // Adds `whole` and what the minima come to, times the outer scales, to the sums.
  template <typename Block, int Rows>
  [[gnu::always_inline]] static void scale_super_block(const Block& block, size_t half,
                                                       const ActivationBlock* x,
                                                       const int32x4_t (&whole)[Rows], float* sums,
                                                       size_t stride) {
    const float32x4_t scale = load_halves(block.scale + half * kHalfRows);
    [[maybe_unused]] float32x4_t minimum{};
    [[maybe_unused]] int16x4_t minima[8];
    if constexpr (kHasMinimum<Block>) {
      minimum = load_halves(block.minimum + half * kHalfRows);
#pragma GCC unroll 4
      for (size_t pair = 0; pair < 4; ++pair) {
        const uint8x8x2_t bytes = vld2_u8(block.block_minimum[pair][0]);
#pragma GCC unroll 2
        for (size_t i = 0; i < 2; ++i)
          minima[2 * pair + i] = half_of(vreinterpretq_s16_u16(vmovl_u8(bytes.val[i])), half);
      }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) {
      float32x4_t sum = vld1q_f32(sums + r * stride);
      sum = vfmaq_f32(sum, vcvtq_f32_s32(whole[r]), vmulq_n_f32(scale, x[r].scale));
      if constexpr (kHasMinimum<Block>) {
        int32x4_t low = vdupq_n_s32(0);
#pragma GCC unroll 8
        for (size_t b = 0; b < 8; ++b)
          low = vmlal_n_s16(low, minima[b], x[(b - b % 2) * Rows + r].half_sums[b % 2]);
        sum = vfmaq_f32(sum, vcvtq_f32_s32(low), vmulq_n_f32(minimum, -2 * x[r].scale));
      }
      vst1q_f32(sums + r * stride, sum);
    }
  }
};

template <typename Block>
void multiply_vector(const PackedMatrix& matrix, size_t first, size_t last,
                     const QuantizedRows& activations, size_t rows, float* outputs, size_t stride) {
  multiply_in_tiles<MultiplyKernel, Block>(matrix, first, last, activations, rows, outputs, stride);
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
