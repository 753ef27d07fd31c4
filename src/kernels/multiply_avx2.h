// The multiply kernels for AVX2 with FMA and F16C, and with VNNI where HELICON_VNNI is set.
//
// A 32-bit lane is an output row (see packed_matrix.h). A weight quad is unpacked once for up to
// four rows of activations; each row adds its products in 16-bit lanes for as long as they cannot
// overflow (4 and 5 bits: the 4 products of a run, of at most 2 * 31 * 127; 6 bits: 2; 8 bits: 1),
// then widens with vpmaddwd, which multiplies by the run's factor (and Q6_K's scale: at most
// 15 * 127) on the way. VNNI adds to 32 bits at once. All sums of a block are exact integers,
// so all of them, and the portable kernel, agree to the last bit.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "kernels/multiply_portable.h"

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
// Four activations, the same for all lanes.
inline __m256i broadcast4(const int8_t* p) {
  int four;
  std::memcpy(&four, p, 4);
  return _mm256_set1_epi32(four);
}

// The eight quads of a block of 4-, 5- or 6-bit weights as unsigned bytes.
template <typename Block>
inline void unpack_quads(const Block& block, size_t b, __m256i (&quads)[8]) {
  const __m256i nibble = _mm256_set1_epi8(15);
  const uint8_t(*low)[32] = low_quads(block, b);
#pragma GCC unroll 4
  for (size_t v = 0; v < 4; ++v) {
    const __m256i bytes = load256(low[v]);
    quads[v] = _mm256_and_si256(bytes, nibble);
    quads[v + 4] = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
  }
  if constexpr (kHasFifthBit<Block>) {
    const __m256i fifth = _mm256_set1_epi8(16);
    const __m256i bits = load256(fifth_bits(block, b));
#pragma GCC unroll 8
    for (int g = 0; g < 8; ++g) {
      const __m256i moved =
          g <= 4 ? _mm256_slli_epi16(bits, 4 - g) : _mm256_srli_epi16(bits, g - 4);
      quads[g] = _mm256_or_si256(quads[g], _mm256_and_si256(moved, fifth));
    }
  }
  if constexpr (std::is_same_v<Block, SixBitsKBlock>) {
    const __m256i top = _mm256_set1_epi8(48);
#pragma GCC unroll 8
    for (int g = 0; g < 8; ++g) {
      const __m256i bits = load256(block.high[b][g / 4]);
      const int shift = 4 - 2 * (g % 4);
      const __m256i moved =
          shift >= 0 ? _mm256_slli_epi16(bits, shift) : _mm256_srli_epi16(bits, -shift);
      quads[g] = _mm256_or_si256(quads[g], _mm256_and_si256(moved, top));
    }
  }
}

// Sum over the four quads of a run, in 32 bits a lane, times `factor` (twice in each lane's
// halves). `Chain` products are added in 16 bits before they are widened.
template <int Chain>
inline __m256i dot_run(const __m256i* quads, const int8_t* x, __m256i factor) {
  __m256i wide = _mm256_setzero_si256();
#if defined(HELICON_VNNI)
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g) wide = _mm256_dpbusd_epi32(wide, quads[g], broadcast4(x + 4 * g));
  return _mm256_mullo_epi32(wide, _mm256_srai_epi32(factor, 16));
#else
#pragma GCC unroll 4
  for (int g = 0; g < 4; g += Chain) {
    __m256i narrow = _mm256_maddubs_epi16(quads[g], broadcast4(x + 4 * g));
#pragma GCC unroll 4
    for (int c = 1; c < Chain; ++c)
      narrow =
          _mm256_add_epi16(narrow, _mm256_maddubs_epi16(quads[g + c], broadcast4(x + 4 * (g + c))));
    wide = _mm256_add_epi32(wide, _mm256_madd_epi16(narrow, factor));
  }
  return wide;
#endif
}

// The same for signed bytes: the sign of a weight moves to the activation.
inline __m256i dot_run_signed(const int8_t (*weights)[32], const int8_t* x, __m256i factor) {
  __m256i wide = _mm256_setzero_si256();
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g) {
    const __m256i w = load256(weights[g]);
    const __m256i signed_x = _mm256_sign_epi8(broadcast4(x + 4 * g), w);
#if defined(HELICON_VNNI)
    wide = _mm256_dpbusd_epi32(wide, _mm256_abs_epi8(w), signed_x);
  }
  return _mm256_mullo_epi32(wide, _mm256_srai_epi32(factor, 16));
#else
    const __m256i narrow = _mm256_maddubs_epi16(_mm256_abs_epi8(w), signed_x);
    wide = _mm256_add_epi32(wide, _mm256_madd_epi16(narrow, factor));
  }
  return wide;
#endif
}

// An 8-bit scale for each lane, twice in its halves.
inline __m256i twice(__m256i wide) {
  return _mm256_or_si256(_mm256_and_si256(wide, _mm256_set1_epi32(0xffff)),
                         _mm256_slli_epi32(wide, 16));
}

// A run of Q6_K: scale * (factor * sum of quant * x - 32 * run sum).
inline __m256i dot_run_six(const __m256i* quads, const int8_t* x, __m256i factor,
                           __m256i scale_twice) {
#if defined(HELICON_VNNI)
  return _mm256_mullo_epi32(dot_run<2>(quads, x, factor), _mm256_srai_epi32(scale_twice, 16));
#else
  return dot_run<2>(quads, x, _mm256_mullo_epi16(factor, scale_twice));
#endif
}

template <typename Block, int Rows>
inline void multiply_tile(const Block* packed, size_t blocks, const QuantizedRows& activations,
                          size_t row, __m256 (&sums)[Rows]) {
  const int8_t* x[Rows];
  const float* x_scales[Rows];
  const float* x_sums[Rows];
  const int16_t* x_run_sums[Rows];
  const uint32_t* x_factors[Rows];
  for (int r = 0; r < Rows; ++r) {
    const size_t at = row + static_cast<size_t>(r);
    x[r] = activations.quants(at);
    x_scales[r] = activations.scales(at);
    x_sums[r] = activations.sums(at);
    x_run_sums[r] = activations.run_sums(at);
    x_factors[r] = activations.factors(at);
    sums[r] = _mm256_setzero_ps();
  }
  for (size_t i = 0; i < blocks;) {
    const Block& block = packed[i / kBlocksIn<Block>];
    const __m256 outer_scale = load_halves(block.scale);
    [[maybe_unused]] __m256 outer_minimum{};
    if constexpr (kHasMinimum<Block>) outer_minimum = load_halves(block.minimum);
    for (size_t b = 0; b < kBlocksIn<Block>; ++b, ++i) {
      __m256 scale = outer_scale;
      [[maybe_unused]] __m256 minimum = outer_minimum;
      if constexpr (kIsSuper<Block> && kHasMinimum<Block>) {
        scale = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(load_bytes_wide(block.block_scale[b])));
        const __m256 t = _mm256_cvtepi32_ps(load_bytes_wide(block.block_minimum[b]));
        minimum = _mm256_mul_ps(minimum, _mm256_sub_ps(_mm256_setzero_ps(), t));
      }
      __m256i quads[8];
      if constexpr (!std::is_same_v<Block, BytesBlock>) unpack_quads(block, b, quads);
      [[maybe_unused]] __m256i first{}, second{}, pair{};
      if constexpr (std::is_same_v<Block, SixBitsKBlock>) {
        const __m256i a = load_bytes_wide(block.block_scale[2 * b]);
        const __m256i c = load_bytes_wide(block.block_scale[2 * b + 1]);
        first = twice(a);
        second = twice(c);
        pair = _mm256_blend_epi16(first, second, 0xaa);  // the scales as the run sums lie: a, c
      }
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) {
        const int8_t* const quants = x[r] + kBlock * i;
        const __m256i factor_a = _mm256_set1_epi32(static_cast<int>(x_factors[r][2 * i]));
        const __m256i factor_c = _mm256_set1_epi32(static_cast<int>(x_factors[r][2 * i + 1]));
        __m256i whole;
        if constexpr (std::is_same_v<Block, BytesBlock>) {
          whole = _mm256_add_epi32(dot_run_signed(block.weight, quants, factor_a),
                                   dot_run_signed(block.weight + 4, quants + 16, factor_c));
        } else if constexpr (std::is_same_v<Block, SixBitsKBlock>) {
          int two;
          std::memcpy(&two, x_run_sums[r] + 2 * i, 4);
          const __m256i offset =
              _mm256_slli_epi32(_mm256_madd_epi16(_mm256_set1_epi32(two), pair), 5);
          whole = _mm256_add_epi32(dot_run_six(quads, quants, factor_a, first),
                                   dot_run_six(quads + 4, quants + 16, factor_c, second));
          whole = _mm256_sub_epi32(whole, offset);
        } else {
          whole = _mm256_add_epi32(dot_run<4>(quads, quants, factor_a),
                                   dot_run<4>(quads + 4, quants + 16, factor_c));
        }
        const __m256 step = _mm256_mul_ps(scale, _mm256_broadcast_ss(x_scales[r] + i));
        sums[r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(whole), step, sums[r]);
        if constexpr (kHasMinimum<Block>)
          sums[r] = _mm256_fmadd_ps(minimum, _mm256_broadcast_ss(x_sums[r] + i), sums[r]);
      }
    }
  }
}

template <typename Block, int Rows>
inline void multiply_rows(const PackedMatrix& matrix, size_t panel, const Block* packed,
                          const QuantizedRows& activations, size_t row, float* outputs,
                          size_t stride) {
  __m256 sums[Rows];
  multiply_tile<Block, Rows>(packed, matrix.columns / kBlock, activations, row, sums);
  const size_t column = panel * kPanelRows;
  const size_t lanes = std::min(kPanelRows, matrix.rows - column);
  for (int r = 0; r < Rows; ++r) {
    float* out = outputs + (row + static_cast<size_t>(r)) * stride + column;
    if (lanes == kPanelRows) {
      _mm256_storeu_ps(out, sums[r]);
    } else {
      float v[kPanelRows];
      _mm256_storeu_ps(v, sums[r]);
      std::memcpy(out, v, lanes * sizeof(float));
    }
  }
}

template <typename Block>
void multiply_vector(const PackedMatrix& matrix, size_t first, size_t last,
                     const QuantizedRows& activations, size_t rows, float* outputs, size_t stride) {
  const size_t blocks = matrix.columns / kBlock / kBlocksIn<Block>;
  const auto* data = reinterpret_cast<const Block*>(matrix.data);
  for (size_t panel = first; panel < last; ++panel) {
    const Block* packed = data + panel * blocks;
    size_t row = 0;
    for (; row + 4 <= rows; row += 4)
      multiply_rows<Block, 4>(matrix, panel, packed, activations, row, outputs, stride);
    switch (rows - row) {
      case 3:
        multiply_rows<Block, 3>(matrix, panel, packed, activations, row, outputs, stride);
        break;
      case 2:
        multiply_rows<Block, 2>(matrix, panel, packed, activations, row, outputs, stride);
        break;
      case 1:
        multiply_rows<Block, 1>(matrix, panel, packed, activations, row, outputs, stride);
        break;
      default:
        break;
    }
  }
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
