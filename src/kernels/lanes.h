// Eight floats at a time, the same on every instruction set: each operation is one correctly
// rounded IEEE operation a lane, so portable and vector code agree to the last bit.
//
// Included by files that are compiled once per instruction set, inside the namespace
// HELICON_INSTRUCTION_SET, so that the linker never mixes them. For the same reason these files
// call nothing of the standard library that could end up out of line: an older processor must never
// run a std::vector that was compiled for a newer one.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(HELICON_AVX2)
#include <immintrin.h>
#elif defined(HELICON_NEON)
#include <arm_neon.h>
#endif

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

#if defined(HELICON_AVX2)

struct Lanes {
  __m256 v;
  static Lanes load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static Lanes all(float x) { return {_mm256_set1_ps(x)}; }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
};
inline Lanes operator+(Lanes a, Lanes b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline Lanes operator*(Lanes a, Lanes b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline Lanes operator/(Lanes a, Lanes b) { return {_mm256_div_ps(a.v, b.v)}; }
// a * b + c, rounded once
inline Lanes fused(Lanes a, Lanes b, Lanes c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
// b where either is NaN, as the instruction does
inline Lanes larger(Lanes a, Lanes b) { return {_mm256_max_ps(a.v, b.v)}; }
inline Lanes smaller(Lanes a, Lanes b) { return {_mm256_min_ps(a.v, b.v)}; }
inline Lanes round_to_even(Lanes a) {
  return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline Lanes magnitude(Lanes a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
// 2^n for whole n in [-126, 127]
inline Lanes power_of_two(Lanes n) {
  const __m256i bits = _mm256_add_epi32(_mm256_cvtps_epi32(n.v), _mm256_set1_epi32(127));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(bits, 23))};
}
// x where a < b, else y
inline Lanes where_less(Lanes a, Lanes b, Lanes x, Lanes y) {
  return {_mm256_blendv_ps(y.v, x.v, _mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ))};
}
// Stores whole numbers in [-127, 127] as bytes.
inline void store_bytes(Lanes a, int8_t* p) {
  const __m256i wide = _mm256_cvtps_epi32(a.v);
  const __m128i words =
      _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
}
// The same for sixteen; gives back their sum.
inline int store_bytes(Lanes a, Lanes b, int8_t* p) {
  const __m256i words = _mm256_permute4x64_epi64(
      _mm256_packs_epi32(_mm256_cvtps_epi32(a.v), _mm256_cvtps_epi32(b.v)), 0xd8);
  const __m128i bytes =
      _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
  __m128i sums = _mm_madd_epi16(_mm_maddubs_epi16(_mm_set1_epi8(1), bytes), _mm_set1_epi16(1));
  sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4e));
  sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xb1));
  return _mm_cvtsi128_si32(sums);
}
// The sum in one fixed order (halves, quarters, pairs), and the largest.
inline float sum(Lanes a) {
  __m128 v = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  v = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)));
}
inline float largest(Lanes a) {
  __m128 v = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  v = _mm_max_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_max_ss(v, _mm_movehdup_ps(v)));
}

#elif defined(HELICON_NEON)

struct Lanes {
  float32x4_t low, high;
  static Lanes load(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4)}; }
  static Lanes all(float x) { return {vdupq_n_f32(x), vdupq_n_f32(x)}; }
  void store(float* p) const {
    vst1q_f32(p, low);
    vst1q_f32(p + 4, high);
  }
};
inline Lanes operator+(Lanes a, Lanes b) {
  return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
}
inline Lanes operator-(Lanes a, Lanes b) {
  return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
}
inline Lanes operator*(Lanes a, Lanes b) {
  return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
}
inline Lanes operator/(Lanes a, Lanes b) {
  return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)};
}
inline Lanes fused(Lanes a, Lanes b, Lanes c) {
  return {vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
}
// Comparisons, since fmax and fmin would keep a NaN.
inline float32x4_t larger(float32x4_t a, float32x4_t b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
inline Lanes larger(Lanes a, Lanes b) { return {larger(a.low, b.low), larger(a.high, b.high)}; }
inline Lanes smaller(Lanes a, Lanes b) {
  return {vbslq_f32(vcltq_f32(a.low, b.low), a.low, b.low),
          vbslq_f32(vcltq_f32(a.high, b.high), a.high, b.high)};
}
inline Lanes round_to_even(Lanes a) { return {vrndnq_f32(a.low), vrndnq_f32(a.high)}; }
inline Lanes magnitude(Lanes a) { return {vabsq_f32(a.low), vabsq_f32(a.high)}; }
inline float32x4_t power_of_two(float32x4_t n) {
  const int32x4_t bits = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
  return vreinterpretq_f32_s32(vshlq_n_s32(bits, 23));
}
inline Lanes power_of_two(Lanes n) { return {power_of_two(n.low), power_of_two(n.high)}; }
inline Lanes where_less(Lanes a, Lanes b, Lanes x, Lanes y) {
  return {vbslq_f32(vcltq_f32(a.low, b.low), x.low, y.low),
          vbslq_f32(vcltq_f32(a.high, b.high), x.high, y.high)};
}
inline int8x8_t narrow(Lanes a) {
  return vmovn_s16(vcombine_s16(vmovn_s32(vcvtq_s32_f32(a.low)), vmovn_s32(vcvtq_s32_f32(a.high))));
}
inline void store_bytes(Lanes a, int8_t* p) { vst1_s8(p, narrow(a)); }
inline int store_bytes(Lanes a, Lanes b, int8_t* p) {
  const int8x16_t bytes = vcombine_s8(narrow(a), narrow(b));
  vst1q_s8(p, bytes);
  return vaddlvq_s8(bytes);
}
inline float sum(Lanes a) {
  const float32x4_t fours = vaddq_f32(a.low, a.high);
  const float32x2_t twos = vadd_f32(vget_low_f32(fours), vget_high_f32(fours));
  return vget_lane_f32(twos, 0) + vget_lane_f32(twos, 1);
}
inline float largest(Lanes a) {
  const float32x4_t fours = larger(a.low, a.high);
  const float32x4_t twos = larger(fours, vextq_f32(fours, fours, 2));
  return vgetq_lane_f32(larger(twos, vextq_f32(twos, twos, 1)), 0);
}

#else

struct Lanes {
  float v[8];
  static Lanes load(const float* p) {
    Lanes r;
    std::memcpy(r.v, p, sizeof(r.v));
    return r;
  }
  static Lanes all(float x) { return {{x, x, x, x, x, x, x, x}}; }
  void store(float* p) const { std::memcpy(p, v, sizeof(v)); }
};
template <typename F>
inline Lanes each(const F& lane) {
  Lanes r;
  for (size_t i = 0; i < 8; ++i) r.v[i] = lane(i);
  return r;
}
inline Lanes operator+(Lanes a, Lanes b) {
  return each([&](size_t i) { return a.v[i] + b.v[i]; });
}
inline Lanes operator-(Lanes a, Lanes b) {
  return each([&](size_t i) { return a.v[i] - b.v[i]; });
}
inline Lanes operator*(Lanes a, Lanes b) {
  return each([&](size_t i) { return a.v[i] * b.v[i]; });
}
inline Lanes operator/(Lanes a, Lanes b) {
  return each([&](size_t i) { return a.v[i] / b.v[i]; });
}
inline Lanes fused(Lanes a, Lanes b, Lanes c) {
  return each([&](size_t i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
}
inline Lanes larger(Lanes a, Lanes b) {
  return each([&](size_t i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline Lanes smaller(Lanes a, Lanes b) {
  return each([&](size_t i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
inline Lanes round_to_even(Lanes a) {
  return each([&](size_t i) { return std::nearbyint(a.v[i]); });
}
inline Lanes magnitude(Lanes a) {
  return each([&](size_t i) { return std::fabs(a.v[i]); });
}
inline Lanes power_of_two(Lanes n) {
  return each([&](size_t i) { return std::ldexp(1.0f, static_cast<int>(n.v[i])); });
}
inline Lanes where_less(Lanes a, Lanes b, Lanes x, Lanes y) {
  return each([&](size_t i) { return a.v[i] < b.v[i] ? x.v[i] : y.v[i]; });
}
inline void store_bytes(Lanes a, int8_t* p) {
  for (size_t i = 0; i < 8; ++i) p[i] = static_cast<int8_t>(a.v[i]);
}
inline int store_bytes(Lanes a, Lanes b, int8_t* p) {
  int total = 0;
  for (size_t i = 0; i < 16; ++i) {
    p[i] = static_cast<int8_t>(i < 8 ? a.v[i] : b.v[i - 8]);
    total += p[i];
  }
  return total;
}
inline float sum(Lanes a) {
  const float* v = a.v;
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}
inline float largest(Lanes a) {
  float m = a.v[0];
  for (size_t i = 1; i < 8; ++i) m = a.v[i] > m ? a.v[i] : m;
  return m;
}

#endif

// A row's last, incomplete eight, padded with `pad`: tails are never scalar.
inline Lanes load_tail(const float* p, size_t count, float pad) {
  float v[8] = {pad, pad, pad, pad, pad, pad, pad, pad};
  std::memcpy(v, p, count * sizeof(float));
  return Lanes::load(v);
}
inline void store_tail(Lanes a, float* p, size_t count) {
  float v[8];
  a.store(v);
  std::memcpy(p, v, count * sizeof(float));
}

// e^x: x = n ln 2 + r, |r| <= ln 2 / 2; e^r by its Taylor polynomial of degree 7 (error under
// 1e-8 relative). Below -87.3 the result is 0, above 88 that of 88.
inline Lanes exponential(Lanes x) {
  const Lanes clamped = smaller(larger(x, Lanes::all(-87.3f)), Lanes::all(88.0f));
  const Lanes n = round_to_even(clamped * Lanes::all(1.44269504088896341f));
  // ln 2 in two parts, so that n ln 2 is exact to more than float precision (Cody and Waite).
  Lanes r = fused(n, Lanes::all(-0.693359375f), clamped);
  r = fused(n, Lanes::all(2.12194440e-4f), r);
  Lanes p = Lanes::all(1.0f / 5040);
  p = fused(p, r, Lanes::all(1.0f / 720));
  p = fused(p, r, Lanes::all(1.0f / 120));
  p = fused(p, r, Lanes::all(1.0f / 24));
  p = fused(p, r, Lanes::all(1.0f / 6));
  p = fused(p, r, Lanes::all(0.5f));
  p = fused(p, r, Lanes::all(1.0f));
  p = fused(p, r, Lanes::all(1.0f));
  return where_less(x, Lanes::all(-87.3f), Lanes::all(0.0f), p * power_of_two(n));
}

// tanh x = 1 - 2 / (e^2x + 1), and for small x, where that cancels, x times its odd series.
inline Lanes hyperbolic_tangent(Lanes x) {
  const Lanes bounded = smaller(larger(x, Lanes::all(-20.0f)), Lanes::all(20.0f));
  const Lanes far =
      Lanes::all(1.0f) - Lanes::all(2.0f) / (exponential(bounded + bounded) + Lanes::all(1.0f));
  const Lanes s = x * x;
  Lanes near = Lanes::all(-17.0f / 315);
  near = fused(near, s, Lanes::all(2.0f / 15));
  near = fused(near, s, Lanes::all(-1.0f / 3));
  near = fused(near, s, Lanes::all(1.0f));
  return where_less(magnitude(x), Lanes::all(0.125f), x * near, far);
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
