// Attention of a tile of queries over pages of keys and values.
//
// Each page gives, for each query, (maximum, sum, vector) from its own scores alone; the pages are
// folded in ascending order. What a query gets from a page is thus the same whoever shares it.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/float_kernels.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

inline constexpr size_t kMaxHead = 256;
inline constexpr float kMasked = -INFINITY;

// scores[q][slot] = scale * sum over d of query[q][d] * key[d][slot], for `Count` queries.
template <size_t Count>
inline void page_scores(const float* queries, const float* keys, size_t head_size, float scale,
                        float (*scores)[kPagePositions]) {
  for (size_t slot = 0; slot < kPagePositions; slot += 16) {
    Lanes low[Count], high[Count];
    for (size_t q = 0; q < Count; ++q) low[q] = high[q] = Lanes::all(0.0f);
    for (size_t d = 0; d < head_size; ++d) {
      const Lanes a = Lanes::load(keys + d * kPagePositions + slot);
      const Lanes b = Lanes::load(keys + d * kPagePositions + slot + 8);
#pragma GCC unroll 4
      for (size_t q = 0; q < Count; ++q) {
        const Lanes x = Lanes::all(queries[q * head_size + d]);
        low[q] = fused(a, x, low[q]);
        high[q] = fused(b, x, high[q]);
      }
    }
    for (size_t q = 0; q < Count; ++q) {
      (low[q] * Lanes::all(scale)).store(scores[q] + slot);
      (high[q] * Lanes::all(scale)).store(scores[q] + slot + 8);
    }
  }
}

// vectors[q][d] = sum over slots of weight[q][slot] * value[slot][d].
template <size_t Count>
inline void page_values(const float (*weights)[kPagePositions], const float* values,
                        size_t head_size, float (*vectors)[kMaxHead]) {
  for (size_t d = 0; d < head_size; d += 8) {
    Lanes sums[Count];
    for (size_t q = 0; q < Count; ++q) sums[q] = Lanes::all(0.0f);
    for (size_t slot = 0; slot < kPagePositions; ++slot) {
      const Lanes v = Lanes::load(values + slot * head_size + d);
#pragma GCC unroll 4
      for (size_t q = 0; q < Count; ++q) sums[q] = fused(v, Lanes::all(weights[q][slot]), sums[q]);
    }
    for (size_t q = 0; q < Count; ++q) sums[q].store(vectors[q] + d);
  }
}

// Keeps slots [low, high) of a page: the others do not count.
inline void mask_scores(float* scores, int low, int high) {
  for (int slot = 0; slot < static_cast<int>(kPagePositions); ++slot)
    if (slot < low || slot >= high) scores[slot] = kMasked;
}

// Turns scores into e^(score - maximum); gives back maximum and sum.
inline void page_softmax(float* scores, float& maximum, float& total) {
  Lanes top = Lanes::load(scores);
  for (size_t i = 8; i < kPagePositions; i += 8) top = larger(top, Lanes::load(scores + i));
  maximum = largest(top);
  Lanes sums = Lanes::all(0.0f);
  for (size_t i = 0; i < kPagePositions; i += 8) {
    const Lanes e = exponential(Lanes::load(scores + i) - Lanes::all(maximum));
    e.store(scores + i);
    sums = sums + e;
  }
  total = sum(sums);
}

// e^(a - b) for a <= b, where b is finite.
inline float decay(float a, float b) {
  float v[8];
  exponential(Lanes::all(a - b)).store(v);
  return v[0];
}

struct Running {
  float maximum = kMasked;
  float total = 0;
};

// Folds one page's part into a query's running result.
inline void fold(Running& running, float* output, float maximum, float total, const float* vector,
                 size_t head_size) {
  const float next = std::max(running.maximum, maximum);
  const float keep = running.maximum == kMasked ? 0.0f : decay(running.maximum, next);
  const float take = decay(maximum, next);
  running.total = std::fma(running.total, keep, total * take);
  running.maximum = next;
  for (size_t d = 0; d < head_size; d += 8)
    fused(Lanes::load(output + d), Lanes::all(keep), Lanes::load(vector + d) * Lanes::all(take))
        .store(output + d);
}

// Up to four queries against one page.
template <size_t Count>
inline void attend(const AttentionTile& tile, size_t first, int page, Running* running) {
  constexpr int kPage = static_cast<int>(kPagePositions);
  alignas(32) float scores[Count][kPagePositions];
  alignas(32) float vectors[Count][kMaxHead];
  float maximum[Count] = {}, total[Count] = {};
  bool sees[Count];
  page_scores<Count>(tile.queries + first * tile.head_size,
                     tile.keys + tile.pages[page] * tile.page_stride, tile.head_size, tile.scale,
                     scores);
  for (size_t q = 0; q < Count; ++q) {
    const int position = tile.positions[first + q];
    const int low = tile.window > 0 ? position - tile.window + 1 - page * kPage : 0;
    const int high = position + 1 - page * kPage;
    sees[q] = high > 0 && low < kPage;
    if (!sees[q]) {
      std::fill_n(scores[q], kPagePositions, 0.0f);
      continue;
    }
    if (tile.soft_cap > 0) soft_cap(scores[q], tile.soft_cap, kPagePositions);
    mask_scores(scores[q], low, high);
    page_softmax(scores[q], maximum[q], total[q]);
  }
  page_values<Count>(scores, tile.values + tile.pages[page] * tile.page_stride, tile.head_size,
                     vectors);
  for (size_t q = 0; q < Count; ++q)
    if (sees[q])
      fold(running[first + q], tile.outputs + (first + q) * tile.head_size, maximum[q], total[q],
           vectors[q], tile.head_size);
}

inline void attention(const AttentionTile& tile) {
  constexpr int kPage = static_cast<int>(kPagePositions);
  Running running[kAttentionTile];
  std::fill_n(tile.outputs, tile.count * tile.head_size, 0.0f);
  int earliest = tile.positions[0], latest = tile.positions[0];
  for (size_t q = 1; q < tile.count; ++q) {
    earliest = std::min(earliest, tile.positions[q]);
    latest = std::max(latest, tile.positions[q]);
  }
  const int start = tile.window > 0 ? std::max(0, earliest - tile.window + 1) : 0;
  for (int page = start / kPage; page <= latest / kPage; ++page) {
    size_t q = 0;
    for (; q + 4 <= tile.count; q += 4) attend<4>(tile, q, page, running);
    for (; q < tile.count; ++q) attend<1>(tile, q, page, running);
  }
  for (size_t q = 0; q < tile.count; ++q) {
    const Lanes inverse = Lanes::all(1.0f / running[q].total);
    float* output = tile.outputs + q * tile.head_size;
    for (size_t d = 0; d < tile.head_size; d += 8)
      (Lanes::load(output + d) * inverse).store(output + d);
  }
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
