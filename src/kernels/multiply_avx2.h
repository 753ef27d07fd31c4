// The multiply kernel for AVX2 with FMA and F16C.
//
// A 32-bit lane is an output row (see packed_matrix.h). Eight quads of weights are unpacked once
// for all rows of a tile; each row adds its products in 16-bit lanes for as long as they cannot
// overflow (4 and 5 bits: the 4 products of a run, of at most 2 * 31 * 127; 6 bits: 2; 8 bits: 1),
// then widens with vpmaddwd, which multiplies by the run's factor or by a k-quant's scale on the
// way. All sums of a block are exact integers.
#pragma once

#include <immintrin.h>

#include "kernels/multiply_tiles.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

inline __m256i load256(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline __m256 load_halves(const uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline __m256i load_bytes_wide(const uint8_t* p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
inline __m256i load_bytes_wide(const int8_t* p) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
// Two bytes for each lane, widened to its halves.
inline __m256i load_byte_pairs(const uint8_t (*p)[2]) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
// Four bytes, the same for all lanes.
inline __m256i broadcast4(const void* p) {
  int four;
  std::memcpy(&four, p, 4);
  return _mm256_set1_epi32(four);
}

// The eight quads of a block of 4-, 5- or 6-bit weights as unsigned bytes.
template <typename Block>
inline void unpack_quads(const Block& block, size_t b, __m256i (&quads)[8]) {
  const __m256i nibble = _mm256_set1_epi8(15);
  const auto& part = part_of(block, b);
#pragma GCC unroll 4
  for (size_t v = 0; v < 4; ++v) {
    const __m256i bytes = load256(part.low[v]);
    quads[v] = _mm256_and_si256(bytes, nibble);
    quads[v + 4] = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
  }
  if constexpr (kHasFifthBit<Block>) {
    const __m256i fifth = _mm256_set1_epi8(16);
    const __m256i bits = load256(part.high);
#pragma GCC unroll 8
    for (int g = 0; g < 8; ++g) {
      const __m256i moved =
          g <= 4 ? _mm256_slli_epi16(bits, 4 - g) : _mm256_srli_epi16(bits, g - 4);
      quads[g] = _mm256_or_si256(quads[g], _mm256_and_si256(moved, fifth));
    }
  }
  if constexpr (kIs<Block, SixBitsKBlock>) {
    const __m256i top = _mm256_set1_epi8(48);
#pragma GCC unroll 8
    for (int g = 0; g < 8; ++g) {
      const __m256i bits = load256(part.high[g / 4]);
      const int shift = 4 - 2 * (g % 4);
      const __m256i moved =
          shift >= 0 ? _mm256_slli_epi16(bits, shift) : _mm256_srli_epi16(bits, -shift);
      quads[g] = _mm256_or_si256(quads[g], _mm256_and_si256(moved, top));
    }
  }
}

// Sum over the four quads of a run, in 32 bits a lane, times `factor` (twice in each lane's
// halves: the run's or a scale). `Chain` products are added in 16 bits before they are widened.
template <int Chain>
inline __m256i dot_run(const __m256i* quads, const int8_t* x, __m256i factor) {
  __m256i wide{};
#pragma GCC unroll 4
  for (int g = 0; g < 4; g += Chain) {
    __m256i narrow = _mm256_maddubs_epi16(quads[g], broadcast4(x + 4 * g));
#pragma GCC unroll 4
    for (int c = 1; c < Chain; ++c)
      narrow =
          _mm256_add_epi16(narrow, _mm256_maddubs_epi16(quads[g + c], broadcast4(x + 4 * (g + c))));
    const __m256i widened = _mm256_madd_epi16(narrow, factor);
    wide = g == 0 ? widened : _mm256_add_epi32(wide, widened);
  }
  return wide;
}

// The same for signed bytes: the sign of a weight moves to the activation.
inline __m256i dot_run_signed(const int8_t (*weights)[32], const int8_t* x, __m256i factor) {
  __m256i wide{};
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g) {
    const __m256i w = load256(weights[g]);
    const __m256i signed_x = _mm256_sign_epi8(broadcast4(x + 4 * g), w);
    const __m256i widened =
        _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(w), signed_x), factor);
    wide = g == 0 ? widened : _mm256_add_epi32(wide, widened);
  }
  return wide;
}

// An 8-bit scale for each lane, twice in its halves.
inline __m256i twice(__m256i wide) {
  return _mm256_or_si256(_mm256_and_si256(wide, _mm256_set1_epi32(0xffff)),
                         _mm256_slli_epi32(wide, 16));
}

// See multiply_tiles.h.
struct MultiplyKernel {
  using Sums = __m256;
  static Sums zero() { return _mm256_setzero_ps(); }
  static Sums load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(Sums sums, float* p) { _mm256_storeu_ps(p, sums); }

  template <typename Block, int Rows>
  [[gnu::always_inline]] static void add_block(const Block& block, const ActivationBlock* x,
                                               Sums (&totals)[Rows]) {
    fetch_ahead(block, 0);
    const __m256 scale = load_halves(block.scale);
    [[maybe_unused]] __m256 minimum{};
    if constexpr (kHasMinimum<Block>) minimum = load_halves(block.minimum);
    [[maybe_unused]] __m256i quads[8];
    if constexpr (!kIs<Block, BytesBlock>) unpack_quads(block, 0, quads);
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) {
      const __m256i factor_a = broadcast4(&x[r].factor_pairs[0]);
      const __m256i factor_c = broadcast4(&x[r].factor_pairs[1]);
      __m256i whole;
      if constexpr (kIs<Block, BytesBlock>)
        whole = _mm256_add_epi32(dot_run_signed(block.weight, x[r].quants, factor_a),
                                 dot_run_signed(block.weight + 4, x[r].quants + 16, factor_c));
      else
        whole = _mm256_add_epi32(dot_run<4>(quads, x[r].quants, factor_a),
                                 dot_run<4>(quads + 4, x[r].quants + 16, factor_c));
      const __m256 step = _mm256_mul_ps(scale, _mm256_broadcast_ss(&x[r].scale));
      totals[r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(whole), step, totals[r]);
      if constexpr (kHasMinimum<Block>)
        totals[r] = _mm256_fmadd_ps(minimum, _mm256_broadcast_ss(&x[r].sum), totals[r]);
    }
  }

  // The whole sums of part b of a super block for one row of a tile, by run: scaled, shifted.
  template <typename Block>
  [[gnu::always_inline]] static __m256i whole_sums(const __m256i* quads, __m256i scale_a,
                                                   __m256i scale_c, __m256i offset_scale,
                                                   const ActivationBlock& x) {
    constexpr int kChain = kIs<Block, SixBitsKBlock> ? 2 : 4;
    const __m256i a = dot_run<kChain>(quads, x.quants, scale_a);
    const __m256i c = dot_run<kChain>(quads + 4, x.quants + 16, scale_c);
    const __m256i whole = _mm256_add_epi32(_mm256_sllv_epi32(a, broadcast4(&x.shifts[0])),
                                           _mm256_sllv_epi32(c, broadcast4(&x.shifts[1])));
    if constexpr (!kIs<Block, SixBitsKBlock>) return whole;
    // scale * (sum of quant * x - 32 * sum of x), over both runs
    return _mm256_sub_epi32(whole, _mm256_madd_epi16(broadcast4(x.run_sums), offset_scale));
  }

  template <typename Block, int Rows>
  [[gnu::always_inline]] static void add_super_block(const Block& block, const ActivationBlock* x,
                                                     float* sums, size_t stride) {
    __m256i whole[Rows];
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) whole[r] = _mm256_setzero_si256();
#pragma GCC unroll 1
    for (size_t b = 0; b < kBlocksIn<Block>; ++b) {
      fetch_ahead(block, b);
      __m256i quads[8];
      unpack_quads(block, b, quads);
      __m256i scale_a, scale_c, offset_scale{};
      if constexpr (kIs<Block, SixBitsKBlock>) {
        scale_a = twice(load_bytes_wide(block.block_scale[2 * b]));
        scale_c = twice(load_bytes_wide(block.block_scale[2 * b + 1]));
        offset_scale = _mm256_slli_epi16(_mm256_blend_epi16(scale_a, scale_c, 0xaa), 5);
      } else {
        scale_a = scale_c = twice(load_bytes_wide(block.block_scale[b]));
      }
      const ActivationBlock* const at = x + b * Rows;
#pragma GCC unroll 8
      for (size_t r = 0; r < Rows; ++r)
        whole[r] = _mm256_add_epi32(
            whole[r], whole_sums<Block>(quads, scale_a, scale_c, offset_scale, at[r]));
    }
    const __m256 scale = load_halves(block.scale);
    [[maybe_unused]] __m256 minimum{};
    [[maybe_unused]] __m256i minima[4];
    if constexpr (kHasMinimum<Block>) {
      minimum = load_halves(block.minimum);
#pragma GCC unroll 4
      for (size_t pair = 0; pair < 4; ++pair)
        minima[pair] = load_byte_pairs(block.block_minimum[pair]);
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) {
      __m256 sum = _mm256_loadu_ps(sums + r * stride);
      sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(whole[r]),
                            _mm256_mul_ps(scale, _mm256_broadcast_ss(&x[r].scale)), sum);
      if constexpr (kHasMinimum<Block>) {
        __m256i low{};
#pragma GCC unroll 4
        for (size_t pair = 0; pair < 4; ++pair)
          low = _mm256_add_epi32(
              low, _mm256_madd_epi16(minima[pair], broadcast4(x[2 * pair * Rows + r].half_sums)));
        sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(low),
                              _mm256_mul_ps(minimum, _mm256_set1_ps(-2 * x[r].scale)), sum);
      }
      _mm256_storeu_ps(sums + r * stride, sum);
    }
  }
};

template <typename Block>
void multiply_vector(const PackedMatrix& matrix, size_t first, size_t last,
                     const QuantizedRows& activations, size_t rows, float* outputs, size_t stride) {
  multiply_in_tiles<MultiplyKernel, Block>(matrix, first, last, activations, rows, outputs, stride);
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
