// The multiply kernel for AVX-512 with VNNI: sixteen output rows in 32-bit lanes.
//
// vpdpbusd adds four products of unsigned weights and signed activations to 32 bits. Weights that
// are stored as q + 32 or have a sign (then taken as w + 128) start from the activations' sum,
// times -32 or -128. It shares its two ports with every other multiplication, whole or float, while
// shifts, additions and conversions have ports of their own: hence as few multiplications for 32
// columns as can be, one for the scales of Q4_K and half a one for its minima.
#pragma once

#include <immintrin.h>

#include "kernels/multiply_tiles.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

inline __m256i load256(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline __m512i load512(const void* p) { return _mm512_loadu_si512(p); }
inline __m512 load_halves(const uint16_t* p) { return _mm512_cvtph_ps(load256(p)); }
inline __m512i load_bytes_wide(const uint8_t* p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline __m512i load_bytes_wide(const int8_t* p) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
// Four bytes, the same for all lanes.
inline __m512i broadcast4(const void* p) {
  int four;
  std::memcpy(&four, p, 4);
  return _mm512_set1_epi32(four);
}
// a | (b & c)
inline __m512i or_and(__m512i a, __m512i b, __m512i c) {
  return _mm512_ternarylogic_epi32(a, b, c, 0xf8);
}

// The eight quads of a block as unsigned bytes.
template <typename Block>
inline void unpack_quads(const Block& block, size_t b, __m512i (&quads)[8]) {
  if constexpr (kIs<Block, BytesBlock>) {
    const __m512i sign = _mm512_set1_epi8(-128);
#pragma GCC unroll 8
    for (size_t g = 0; g < 8; ++g) quads[g] = _mm512_xor_si512(load512(block.weight[g]), sign);
    return;
  } else {
    const __m512i nibble = _mm512_set1_epi8(15);
    const auto& part = part_of(block, b);
#pragma GCC unroll 4
    for (size_t v = 0; v < 4; ++v) {
      const __m512i bytes = load512(part.low[v]);
      quads[v] = _mm512_and_si512(bytes, nibble);
      quads[v + 4] = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble);
    }
    if constexpr (kHasFifthBit<Block>) {
      const __m512i fifth = _mm512_set1_epi8(16);
      const __m512i bits = load512(part.high);
#pragma GCC unroll 8
      for (unsigned g = 0; g < 8; ++g)
        quads[g] =
            or_and(quads[g],
                   g <= 4 ? _mm512_slli_epi16(bits, 4 - g) : _mm512_srli_epi16(bits, g - 4), fifth);
    }
    if constexpr (kIs<Block, SixBitsKBlock>) {
      const __m512i top = _mm512_set1_epi8(48);
#pragma GCC unroll 2
      for (size_t half = 0; half < 2; ++half) {
        const __m512i bits = load512(part.high[half]);
        __m512i* const four = quads + 4 * half;
        four[0] = or_and(four[0], _mm512_slli_epi16(bits, 4), top);
        four[1] = or_and(four[1], _mm512_slli_epi16(bits, 2), top);
        four[2] = or_and(four[2], bits, top);
        four[3] = or_and(four[3], _mm512_srli_epi16(bits, 2), top);
      }
    }
  }
}

// Sum over the four quads of run `run`, of what the weights are and not of what they are stored as,
// times 2^shift.
template <typename Block>
inline __m512i dot_run(const __m512i* quads, const ActivationBlock& x, size_t run) {
  const int8_t* quants = x.quants + QuantizedRows::kRun * run;
  __m512i sum = _mm512_setzero_si512();
  if constexpr (kIs<Block, SixBitsKBlock>) sum = broadcast4(&x.offsets[run]);
  if constexpr (kIs<Block, BytesBlock>) sum = _mm512_slli_epi32(broadcast4(&x.offsets[run]), 2);
#pragma GCC unroll 4
  for (size_t g = 0; g < 4; ++g)
    sum = _mm512_dpbusd_epi32(sum, quads[4 * run + g], broadcast4(quants + 4 * g));
  return _mm512_sllv_epi32(sum, broadcast4(&x.shifts[run]));
}

// See multiply_tiles.h.
struct MultiplyKernel {
  using Sums = __m512;
  static Sums zero() { return _mm512_setzero_ps(); }
  static Sums load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(Sums sums, float* p) { _mm512_storeu_ps(p, sums); }

  template <typename Block, int Rows>
  [[gnu::always_inline]] static void add_block(const Block& block, const ActivationBlock* x,
                                               Sums (&totals)[Rows]) {
    fetch_ahead(block, 0);
    const __m512 scale = load_halves(block.scale);
    [[maybe_unused]] __m512 minimum{};
    if constexpr (kHasMinimum<Block>) minimum = load_halves(block.minimum);
    __m512i quads[8];
    unpack_quads(block, 0, quads);
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) {
      const __m512i whole =
          _mm512_add_epi32(dot_run<Block>(quads, x[r], 0), dot_run<Block>(quads, x[r], 1));
      const __m512 step = _mm512_mul_ps(scale, _mm512_set1_ps(x[r].scale));
      totals[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(whole), step, totals[r]);
      if constexpr (kHasMinimum<Block>)
        totals[r] = _mm512_fmadd_ps(minimum, _mm512_set1_ps(x[r].sum), totals[r]);
    }
  }

  template <typename Block, int Rows>
  [[gnu::always_inline]] static void add_super_block(const Block& block, const ActivationBlock* x,
                                                     float* sums, size_t stride) {
    __m512i whole[Rows];
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) whole[r] = _mm512_setzero_si512();
#pragma GCC unroll 1
    for (size_t b = 0; b < kBlocksIn<Block>; ++b) {
      fetch_ahead(block, b);
      __m512i quads[8];
      unpack_quads(block, b, quads);
      const ActivationBlock* const at = x + b * Rows;
      if constexpr (kIs<Block, SixBitsKBlock>) {
        const __m512i scale_a = load_bytes_wide(block.block_scale[2 * b]);
        const __m512i scale_c = load_bytes_wide(block.block_scale[2 * b + 1]);
#pragma GCC unroll 8
        for (size_t r = 0; r < Rows; ++r) {
          const __m512i a = _mm512_mullo_epi32(dot_run<Block>(quads, at[r], 0), scale_a);
          const __m512i c = _mm512_mullo_epi32(dot_run<Block>(quads, at[r], 1), scale_c);
          whole[r] = _mm512_add_epi32(whole[r], _mm512_add_epi32(a, c));
        }
      } else {
        const __m512i scale = load_bytes_wide(block.block_scale[b]);
#pragma GCC unroll 8
        for (size_t r = 0; r < Rows; ++r) {
          const __m512i dot =
              _mm512_add_epi32(dot_run<Block>(quads, at[r], 0), dot_run<Block>(quads, at[r], 1));
          whole[r] = _mm512_add_epi32(whole[r], _mm512_mullo_epi32(dot, scale));
        }
      }
    }
    const __m512 scale = load_halves(block.scale);
    [[maybe_unused]] __m512 minimum{};
    [[maybe_unused]] __m512i minima[4];
    if constexpr (kHasMinimum<Block>) {
      minimum = load_halves(block.minimum);
#pragma GCC unroll 4
      for (size_t pair = 0; pair < 4; ++pair)
        minima[pair] = _mm512_cvtepu8_epi16(load256(block.block_minimum[pair]));
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) {
      __m512 sum = _mm512_loadu_ps(sums + r * stride);
      sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(whole[r]),
                            _mm512_mul_ps(scale, _mm512_set1_ps(x[r].scale)), sum);
      if constexpr (kHasMinimum<Block>) {
        __m512i low = _mm512_setzero_si512();
#pragma GCC unroll 4
        for (size_t pair = 0; pair < 4; ++pair)
          low =
              _mm512_dpwssd_epi32(low, minima[pair], broadcast4(x[2 * pair * Rows + r].half_sums));
        sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(low),
                              _mm512_mul_ps(minimum, _mm512_set1_ps(-2 * x[r].scale)), sum);
      }
      _mm512_storeu_ps(sums + r * stride, sum);
    }
  }
};

template <typename Block>
void multiply_vector(const PackedMatrix& matrix, size_t first, size_t last,
                     const QuantizedRows& activations, size_t rows, float* outputs, size_t stride) {
  multiply_in_tiles<MultiplyKernel, Block>(matrix, first, last, activations, rows, outputs, stride);
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
