// Keys and values as they lie in a page: rounded on their way in, floats on their way out.
#pragma once

#include "kernels/attention_tile.h"
#include "kernels/lane_loads.h"
#include "kernels/lanes.h"
#include "tensor/half.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

#if defined(HELICON_AVX2)
inline void round_to_halves(Lanes a, uint16_t* p) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT));
}
#elif defined(HELICON_NEON)
inline void round_to_halves(Lanes a, uint16_t* p) {
  vst1q_u16(p, vreinterpretq_u16_f16(vcvt_high_f16_f32(vcvt_f16_f32(a.low), a.high)));
}
#else
inline void round_to_halves(Lanes a, uint16_t* p) {
  for (size_t i = 0; i < 8; ++i) p[i] = tensor::f32_to_f16(a.v[i]);
}
#endif

// Sources give eight numbers of row k from column n on, of the matrix that a side of a page is.
// While it is read they ask for another side as large, a piece of it for each piece read: pages lie
// too far apart for the processor to guess the next one.
struct FloatSource {
  const float* rows;
  size_t columns;
  const std::byte* ahead;
  Lanes load(size_t k, size_t n) const { return Lanes::load(rows + k * columns + n); }
  template <size_t Vectors>
  void look_ahead(size_t k, size_t n) const {
    prefetch(ahead + 4 * (k * columns + n), 32 * Vectors);
  }
};

struct HalfSource {
  const uint16_t* rows;
  size_t columns;
  const std::byte* ahead;
  Lanes load(size_t k, size_t n) const {
    return half_lanes(reinterpret_cast<const std::byte*>(rows + k * columns + n));
  }
  template <size_t Vectors>
  void look_ahead(size_t k, size_t n) const {
    prefetch(ahead + 2 * (k * columns + n), 16 * Vectors);
  }
};

struct ByteKeys {  // row k: one channel of 32 positions
  const int8_t* rows;
  const float* scales;
  const std::byte* ahead;
  Lanes load(size_t k, size_t n) const {
    return byte_lanes(rows + k * kPagePositions + n) *
           Lanes::load(scales + k / kScaleRun * kPagePositions + n);
  }
  template <size_t Vectors>
  void look_ahead(size_t k, size_t n) const {
    prefetch(ahead + (k * kPagePositions + n) * 9 / 8, 9 * Vectors);
  }
};

struct ByteValues {  // row k: one position's channels
  const int8_t* rows;
  const float* scales;
  size_t columns;
  const std::byte* ahead;
  Lanes load(size_t k, size_t n) const {
    return byte_lanes(rows + k * columns + n) *
           Lanes::all(scales[n / kScaleRun * kPagePositions + k]);
  }
  template <size_t Vectors>
  void look_ahead(size_t k, size_t n) const {
    prefetch(ahead + (k * columns + n) * 9 / 8, 9 * Vectors);
  }
};

// A side that was turned into floats, for several groups of queries.
struct ExpandedSource {
  const float* rows;
  size_t columns;
  Lanes load(size_t k, size_t n) const { return Lanes::load(rows + k * columns + n); }
  template <size_t Vectors>
  void look_ahead(size_t, size_t) const {}
};

// How a type's sides of a page are read, and by how many groups of queries before it is worth while
// to turn them into floats first.
struct FloatPage {
  static constexpr size_t kGroupsInPlace = 1000;
  static FloatSource keys(const std::byte* side, size_t, const std::byte* ahead) {
    return {reinterpret_cast<const float*>(side), kPagePositions, ahead};
  }
  static FloatSource values(const std::byte* side, size_t head_size, const std::byte* ahead) {
    return {reinterpret_cast<const float*>(side), head_size, ahead};
  }
};

struct HalfPage {
  static constexpr size_t kGroupsInPlace = 3;
  static HalfSource keys(const std::byte* side, size_t, const std::byte* ahead) {
    return {reinterpret_cast<const uint16_t*>(side), kPagePositions, ahead};
  }
  static HalfSource values(const std::byte* side, size_t head_size, const std::byte* ahead) {
    return {reinterpret_cast<const uint16_t*>(side), head_size, ahead};
  }
};

struct BytePage {
  static constexpr size_t kGroupsInPlace = 2;
  static const float* scales(const std::byte* side, size_t head_size) {
    return reinterpret_cast<const float*>(side + head_size * kPagePositions);
  }
  static ByteKeys keys(const std::byte* side, size_t head_size, const std::byte* ahead) {
    return {reinterpret_cast<const int8_t*>(side), scales(side, head_size), ahead};
  }
  static ByteValues values(const std::byte* side, size_t head_size, const std::byte* ahead) {
    return {reinterpret_cast<const int8_t*>(side), scales(side, head_size), head_size, ahead};
  }
};

// Rounds a run of at most 32 numbers, a multiple of eight, to bytes; gives back their scale.
inline float store_run(const float* x, size_t count, int8_t* quants) {
  Lanes top = magnitude(Lanes::load(x));
  for (size_t i = 8; i < count; i += 8) top = larger(top, magnitude(Lanes::load(x + i)));
  const float peak = largest(top);
  // What is smaller has no reciprocal worth having, and no effect on any score.
  const float scale = peak > 1e-30f ? peak / 127.0f : 0.0f;
  const Lanes inverse = Lanes::all(scale > 0 ? 1.0f / scale : 0.0f);
  for (size_t i = 0; i < count; i += 8) {
    const Lanes q = round_to_even(Lanes::load(x + i) * inverse);
    store_bytes(smaller(larger(q, Lanes::all(-127.0f)), Lanes::all(127.0f)), quants + i);
  }
  return scale;
}

// Rounds one position's key and value [head_size] into slot `slot` of a page's sides.
inline void store_key_and_value(KeyValueType type, const float* key, const float* value,
                                size_t head_size, size_t slot, std::byte* keys, std::byte* values) {
  switch (type) {
    case KeyValueType::f32: {
      auto* column = reinterpret_cast<float*>(keys) + slot;
      for (size_t d = 0; d < head_size; ++d) column[d * kPagePositions] = key[d];
      std::memcpy(reinterpret_cast<float*>(values) + slot * head_size, value,
                  head_size * sizeof(float));
      return;
    }
    case KeyValueType::f16: {
      // Too large a number becomes the largest one: an infinity would make every score a NaN.
      const auto bounded = [](const float* x) {
        return smaller(Lanes::all(65504.0f), larger(Lanes::all(-65504.0f), Lanes::load(x)));
      };
      auto* column = reinterpret_cast<uint16_t*>(keys) + slot;
      auto* row = reinterpret_cast<uint16_t*>(values) + slot * head_size;
      for (size_t d = 0; d < head_size; d += 8) {
        uint16_t halves[8];
        round_to_halves(bounded(key + d), halves);
        for (size_t i = 0; i < 8; ++i) column[(d + i) * kPagePositions] = halves[i];
        round_to_halves(bounded(value + d), row + d);
      }
      return;
    }
    case KeyValueType::q8: {
      auto* column = reinterpret_cast<int8_t*>(keys) + slot;
      auto* row = reinterpret_cast<int8_t*>(values) + slot * head_size;
      auto* key_scales = reinterpret_cast<float*>(keys + head_size * kPagePositions);
      auto* value_scales = reinterpret_cast<float*>(values + head_size * kPagePositions);
      for (size_t d = 0; d < head_size; d += kScaleRun) {
        const size_t count = head_size - d < kScaleRun ? head_size - d : kScaleRun;
        const size_t scale = d / kScaleRun * kPagePositions + slot;
        int8_t quants[kScaleRun];
        key_scales[scale] = store_run(key + d, count, quants);
        for (size_t i = 0; i < count; ++i) column[(d + i) * kPagePositions] = quants[i];
        value_scales[scale] = store_run(value + d, count, row + d);
      }
      return;
    }
  }
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
