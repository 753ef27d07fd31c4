// The multiply kernel for AVX-512 with VNNI: sixteen output rows in 32-bit lanes.
//
// vpdpbusd adds four products of unsigned weights and signed activations to 32 bits. Weights that
// are stored as q + 32 or have a sign (then taken as w + 128) start from the activations' sum,
// times -32 or -128.
#pragma once

#include <immintrin.h>

#include "kernels/multiply_tiles.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

inline __m512i load512(const void* p) { return _mm512_loadu_si512(p); }
inline __m512 load_halves(const uint16_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
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

// Sum over the four quads of a run: of what the weights are, not of what they are stored as.
template <typename Block>
inline __m512i dot_run(const __m512i* quads, const int8_t* x, const int32_t* offset) {
  __m512i sum = _mm512_setzero_si512();
  if constexpr (kIs<Block, SixBitsKBlock>) sum = broadcast4(offset);
  if constexpr (kIs<Block, BytesBlock>) sum = _mm512_slli_epi32(broadcast4(offset), 2);
#pragma GCC unroll 4
  for (int g = 0; g < 4; ++g) sum = _mm512_dpbusd_epi32(sum, quads[g], broadcast4(x + 4 * g));
  return sum;
}

struct MultiplyKernel {
  template <typename Block, int Rows>
  static void run(const Block* packed, size_t blocks, const ActivationBlock* x, float* sums,
                  size_t stride, bool fresh) {
    static_assert(Block::kRows == 16);
    __m512 total[Rows];
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r)
      total[r] = fresh ? _mm512_setzero_ps() : _mm512_loadu_ps(sums + r * stride);
    for (size_t i = 0; i < blocks; ++packed) {
      const Block& block = *packed;
      const __m512 outer_scale = load_halves(block.scale);
      [[maybe_unused]] __m512 outer_minimum{};
      if constexpr (kHasMinimum<Block>) outer_minimum = load_halves(block.minimum);
      for (size_t b = 0; b < kBlocksIn<Block>; ++b, ++i, x += Rows) {
        fetch_ahead(block, b);
        __m512 scale = outer_scale;
        [[maybe_unused]] __m512 minimum = outer_minimum;
        [[maybe_unused]] __m512i scale_a, scale_c;
        if constexpr (kIsSuper<Block> && kHasMinimum<Block>) {
          scale = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(load_bytes_wide(block.block_scale[b])));
          const __m512 t = _mm512_cvtepi32_ps(load_bytes_wide(block.block_minimum[b]));
          minimum = _mm512_mul_ps(minimum, _mm512_sub_ps(_mm512_setzero_ps(), t));
        }
        if constexpr (kIs<Block, SixBitsKBlock>) {
          scale_a = load_bytes_wide(block.block_scale[2 * b]);
          scale_c = load_bytes_wide(block.block_scale[2 * b + 1]);
        }
        __m512i quads[8];
        unpack_quads(block, b, quads);
#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
          __m512i a = dot_run<Block>(quads, x[r].quants, &x[r].offsets[0]);
          __m512i c = dot_run<Block>(quads + 4, x[r].quants + 16, &x[r].offsets[1]);
          a = _mm512_mullo_epi32(a, broadcast4(&x[r].factors[0]));
          c = _mm512_mullo_epi32(c, broadcast4(&x[r].factors[1]));
          if constexpr (kIs<Block, SixBitsKBlock>) {
            a = _mm512_mullo_epi32(a, scale_a);
            c = _mm512_mullo_epi32(c, scale_c);
          }
          const __m512 whole = _mm512_cvtepi32_ps(_mm512_add_epi32(a, c));
          total[r] =
              _mm512_fmadd_ps(whole, _mm512_mul_ps(scale, _mm512_set1_ps(x[r].scale)), total[r]);
          if constexpr (kHasMinimum<Block>)
            total[r] = _mm512_fmadd_ps(minimum, _mm512_set1_ps(x[r].sum), total[r]);
        }
      }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < Rows; ++r) _mm512_storeu_ps(sums + r * stride, total[r]);
  }
};

template <typename Block>
void multiply_vector(const PackedMatrix& matrix, size_t first, size_t last,
                     const QuantizedRows& activations, size_t rows, float* outputs, size_t stride) {
  multiply_in_tiles<MultiplyKernel, Block>(matrix, first, last, activations, rows, outputs, stride);
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
