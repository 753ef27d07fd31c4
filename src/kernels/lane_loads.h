// Numbers as they lie in memory, at any byte, as lanes of floats; and memory that will be read
// soon.
#pragma once

#include "kernels/lanes.h"
#include "tensor/half.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

inline Lanes float_lanes(const std::byte* p) {
#if defined(HELICON_AVX2)
  return {_mm256_loadu_ps(reinterpret_cast<const float*>(p))};
#else
  float v[8];
  std::memcpy(v, p, sizeof(v));
  return Lanes::load(v);
#endif
}

// The last two of these: 1/256 of what eight numbers of FP8, and twice what eight of FP4, stand
// for.
#if defined(HELICON_AVX2)
inline __m128i eight_words(const std::byte* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline Lanes half_lanes(const std::byte* p) { return {_mm256_cvtph_ps(eight_words(p))}; }
inline Lanes brain_lanes(const std::byte* p) {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(eight_words(p)), 16))};
}
inline Lanes byte_lanes(const int8_t* p) {
  return {_mm256_cvtepi32_ps(
      _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))))};
}
// See tensor::f8_to_half_bits.
inline Lanes f8_lanes(const std::byte* p) {
  const __m128i words = _mm_cvtepu8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  const __m128i magnitude = _mm_and_si128(words, _mm_set1_epi16(0x7F));
  const __m128i none =
      _mm_and_si128(_mm_cmpeq_epi16(magnitude, _mm_set1_epi16(0x7F)), _mm_set1_epi16(0x7E00));
  const __m128i sign = _mm_slli_epi16(_mm_xor_si128(words, magnitude), 8);
  return {_mm256_cvtph_ps(_mm_or_si128(_mm_or_si128(_mm_slli_epi16(magnitude, 7), none), sign))};
}
inline Lanes f4_lanes(const std::byte* p) {
  int bytes;
  std::memcpy(&bytes, p, sizeof(bytes));
  const __m128i pairs = _mm_cvtsi32_si128(bytes), low = _mm_set1_epi8(0x0F);
  const __m128i nibbles =
      _mm_unpacklo_epi8(_mm_and_si128(pairs, low), _mm_and_si128(_mm_srli_epi16(pairs, 4), low));
  const __m128i table = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tensor::kF4Halves));
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_shuffle_epi8(table, nibbles)))};
}
#elif defined(HELICON_NEON)
inline uint16x8_t eight_words(const std::byte* p) {
  return vreinterpretq_u16_u8(vld1q_u8(reinterpret_cast<const uint8_t*>(p)));
}
inline Lanes half_lanes(const std::byte* p) {
  const float16x8_t halves = vreinterpretq_f16_u16(eight_words(p));
  return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)};
}
inline Lanes brain_lanes(const std::byte* p) {
  const uint16x8_t brains = eight_words(p);
  return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(brains), 16)),
          vreinterpretq_f32_u32(vshll_high_n_u16(brains, 16))};
}
inline Lanes byte_lanes(const int8_t* p) {
  const int16x8_t wide = vmovl_s8(vld1_s8(p));
  return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide))), vcvtq_f32_s32(vmovl_high_s16(wide))};
}
#else
template <typename Decode>
inline Lanes word_lanes(const std::byte* p, const Decode& decode) {
  uint16_t words[8];
  std::memcpy(words, p, sizeof(words));
  return each([&](size_t i) { return decode(words[i]); });
}
inline Lanes half_lanes(const std::byte* p) { return word_lanes(p, tensor::f16_to_f32); }
inline Lanes brain_lanes(const std::byte* p) { return word_lanes(p, tensor::bf16_to_f32); }
inline Lanes byte_lanes(const int8_t* p) {
  return each([&](size_t i) { return static_cast<float>(p[i]); });
}
#endif

#if !defined(HELICON_AVX2)
inline Lanes f8_lanes(const std::byte* p) {
  uint16_t halves[8];
  for (size_t i = 0; i < 8; ++i) halves[i] = tensor::f8_to_half_bits(static_cast<uint8_t>(p[i]));
  return half_lanes(reinterpret_cast<const std::byte*>(halves));
}
inline Lanes f4_lanes(const std::byte* p) {
  int8_t halves[8];
  for (size_t i = 0; i < 8; ++i)
    halves[i] = tensor::kF4Halves[static_cast<uint8_t>(p[i / 2]) >> (i % 2 * 4) & 0x0F];
  return byte_lanes(halves);
}
#endif

// Asks for the lines that begin in [p, p + bytes) to be in the cache by the time they are read.
inline void prefetch(const std::byte* p, size_t bytes) {
#if defined(HELICON_AVX2)
  for (size_t i = 0; i < bytes; i += 64)
    _mm_prefetch(reinterpret_cast<const char*>(p + i), _MM_HINT_T1);
#elif defined(HELICON_NEON)
  for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i, 0, 2);
#else
  static_cast<void>(p), static_cast<void>(bytes);
#endif
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
