// Attention of a tile of queries over pages of keys and values.
//
// Scores and sums of values are both matrix products with a side of a page, and go through one
// kernel. Each number of a product is one chain of fused additions in ascending order, and each
// query folds its pages one by one into its state: what a query gets is the same in any tile.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kernels/float_kernels.h"
#include "kernels/page_elements.h"

namespace helicon::kernels::HELICON_INSTRUCTION_SET {

inline constexpr size_t kQueries = 6;  // that share a load of keys or values

// outputs[q][n] (+)= sum over k < depth of a[q][k] * source[k][n] for `Count` queries and `Vectors`
// vectors of columns from n on.
template <size_t Count, size_t Vectors, bool Continued, typename Source>
inline void product_part(const float* a, size_t a_stride, const Source& source, size_t depth,
                         size_t n, float* outputs, size_t stride) {
  Lanes sums[Count][Vectors];
#pragma GCC unroll 8
  for (size_t q = 0; q < Count; ++q)
#pragma GCC unroll 4
    for (size_t v = 0; v < Vectors; ++v)
      sums[q][v] = Continued ? Lanes::load(outputs + q * stride + n + 8 * v) : Lanes::all(0.0f);
  for (size_t k = 0; k < depth; ++k) {
    source.template look_ahead<Vectors>(k, n);
    Lanes b[Vectors];
#pragma GCC unroll 4
    for (size_t v = 0; v < Vectors; ++v) b[v] = source.load(k, n + 8 * v);
#pragma GCC unroll 8
    for (size_t q = 0; q < Count; ++q) {
      const Lanes x = Lanes::all(a[q * a_stride + k]);
#pragma GCC unroll 4
      for (size_t v = 0; v < Vectors; ++v) sums[q][v] = fused(b[v], x, sums[q][v]);
    }
  }
#pragma GCC unroll 8
  for (size_t q = 0; q < Count; ++q)
#pragma GCC unroll 4
    for (size_t v = 0; v < Vectors; ++v) sums[q][v].store(outputs + q * stride + n + 8 * v);
}

// The same for all columns, a multiple of eight.
template <size_t Count, bool Continued, typename Source>
inline void product(const float* a, size_t a_stride, const Source& source, size_t depth,
                    size_t columns, float* outputs, size_t stride) {
  // As many as the registers hold beside the columns and one query's number.
#if defined(__AVX512VL__)
  constexpr size_t kWidest = 4;
#else
  constexpr size_t kWidest = Count <= 2 ? 4 : 2;
#endif
  size_t n = 0;
  for (; n + 8 * kWidest <= columns; n += 8 * kWidest)
    product_part<Count, kWidest, Continued>(a, a_stride, source, depth, n, outputs, stride);
  for (; n < columns; n += 8)
    product_part<Count, 1, Continued>(a, a_stride, source, depth, n, outputs, stride);
}

template <bool Continued, typename Source>
inline void product(size_t count, const float* a, size_t a_stride, const Source& source,
                    size_t depth, size_t columns, float* outputs, size_t stride) {
  switch (count) {
    case 1:
      return product<1, Continued>(a, a_stride, source, depth, columns, outputs, stride);
    case 2:
      return product<2, Continued>(a, a_stride, source, depth, columns, outputs, stride);
    case 3:
      return product<3, Continued>(a, a_stride, source, depth, columns, outputs, stride);
    case 4:
      return product<4, Continued>(a, a_stride, source, depth, columns, outputs, stride);
    case 5:
      return product<5, Continued>(a, a_stride, source, depth, columns, outputs, stride);
    default:
      return product<6, Continued>(a, a_stride, source, depth, columns, outputs, stride);
  }
}

// Keeps slots [low, high) of a page: the others do not count.
inline void mask_scores(float* scores, int low, int high) {
  for (int slot = 0; slot < static_cast<int>(kPagePositions); ++slot)
    if (slot < low || slot >= high) scores[slot] = -INFINITY;
}

// Turns a page's scores into e^(scale * score - largest so far), the weights of its values, and
// brings the state, whose sums may refer to a smaller one, in line.
inline void weigh(float* scores, float* state, size_t head_size) {
  Lanes part[4];
  for (size_t i = 0; i < 4; ++i) part[i] = Lanes::load(scores + 8 * i);
  const float top = largest(larger(larger(part[0], part[1]), larger(part[2], part[3])));
  float* totals = state + head_size;
  float* maximum = totals + 8;
  if (top > *maximum) {
    const Lanes keep = exponential(Lanes::load(maximum) - Lanes::all(top));
    for (size_t i = 0; i < head_size + 8; i += 8) (Lanes::load(state + i) * keep).store(state + i);
    Lanes::all(top).store(maximum);
  }
  // A query that has seen nothing yet has no largest score; all of its weights are zero.
  const Lanes reference = Lanes::all(*maximum == -INFINITY ? 0.0f : *maximum);
  for (size_t i = 0; i < 4; ++i) {
    part[i] = exponential(part[i] - reference);
    part[i].store(scores + 8 * i);
  }
  (Lanes::load(totals) + ((part[0] + part[1]) + (part[2] + part[3]))).store(totals);
}

// Some queries of a tile that share loads, and the positions of the first and the last of them.
struct QueryGroup {
  size_t first = 0, count = 0;
  int earliest = 0, latest = 0;
};

inline void weigh_group(const AttentionTile& tile, const QueryGroup& group, int page,
                        float (*scores)[kPagePositions]) {
  constexpr int kPage = static_cast<int>(kPagePositions);
  const int start = page * kPage;
  const bool whole = group.earliest >= start + kPage - 1 &&
                     (tile.window == 0 || group.latest - tile.window + 1 <= start);
  for (size_t q = group.first; q < group.first + group.count; ++q) {
    for (size_t slot = 0; slot < kPagePositions; slot += 8)
      (Lanes::load(scores[q] + slot) * Lanes::all(tile.scale)).store(scores[q] + slot);
    if (tile.soft_cap > 0) soft_cap(scores[q], tile.soft_cap, kPagePositions);
    if (!whole) {
      const int position = tile.positions[q];
      mask_scores(scores[q], tile.window > 0 ? position - tile.window + 1 - start : 0,
                  position + 1 - start);
    }
    weigh(scores[q], tile.states + q * state_floats(tile.head_size), tile.head_size);
  }
}

// Whether any of them may see the page.
inline bool sees(const QueryGroup& group, const AttentionTile& tile, int page) {
  constexpr int kPage = static_cast<int>(kPagePositions);
  return group.latest >= page * kPage &&
         (tile.window == 0 || group.earliest - tile.window + 1 < (page + 1) * kPage);
}

template <typename Source>
inline void expand(const Source& source, size_t rows, size_t columns, float* target) {
  for (size_t k = 0; k < rows; ++k)
    for (size_t n = 0; n < columns; n += 8) {
      source.template look_ahead<1>(k, n);
      source.load(k, n).store(target + k * columns + n);
    }
}

template <typename Page>
inline void attend(const AttentionTile& tile) {
  const size_t head = tile.head_size;
  alignas(64) float scores[kAttentionTile][kPagePositions];
  alignas(64) float floats[kPagePositions * kMaxHead];
  QueryGroup groups[(kAttentionTile + kQueries - 1) / kQueries];
  size_t group_count = 0;
  for (size_t first = 0; first < tile.count; first += kQueries) {
    QueryGroup& group = groups[group_count++];
    group = {first, std::min(kQueries, tile.count - first), tile.positions[first],
             tile.positions[first]};
    for (size_t q = first; q < first + group.count; ++q) {
      group.earliest = std::min(group.earliest, tile.positions[q]);
      group.latest = std::max(group.latest, tile.positions[q]);
    }
  }
  // Few groups read a page as it is stored; many have it turned into floats once for all.
  const auto multiply = [&](const auto& source, auto continued, int page, const float* a,
                            size_t a_stride, size_t depth, size_t columns, float* outputs,
                            size_t stride) {
    const auto each_group = [&](const auto& readable) {
      for (size_t g = 0; g < group_count; ++g) {
        const QueryGroup& group = groups[g];
        if (sees(group, tile, page))
          product<decltype(continued)::value>(group.count, a + group.first * a_stride, a_stride,
                                              readable, depth, columns,
                                              outputs + group.first * stride, stride);
      }
    };
    if (group_count <= Page::kGroupsInPlace) return each_group(source);
    expand(source, depth, columns, floats);
    each_group(ExpandedSource{floats, columns});
  };
  for (int page = tile.first_page; page < tile.last_page; ++page) {
    bool seen = false;
    for (size_t g = 0; g < group_count; ++g) seen |= sees(groups[g], tile, page);
    if (!seen) continue;
    const size_t offset = tile.pages[page] * tile.page_stride;
    const std::byte* keys = tile.keys + offset;
    const std::byte* values = tile.values + offset;
    const size_t next =
        page + 1 < tile.last_page ? tile.pages[page + 1] * tile.page_stride : offset;
    multiply(Page::keys(keys, head, tile.keys + next), std::false_type(), page, tile.queries, head,
             head, kPagePositions, scores[0], kPagePositions);
    for (size_t g = 0; g < group_count; ++g)
      if (sees(groups[g], tile, page)) weigh_group(tile, groups[g], page, scores);
    multiply(Page::values(values, head, tile.values + next), std::true_type(), page, scores[0],
             kPagePositions, kPagePositions, head, tile.states, state_floats(head));
  }
}

inline void attention(const AttentionTile& tile) {
  switch (tile.type) {
    case KeyValueType::f32:
      return attend<FloatPage>(tile);
    case KeyValueType::f16:
      return attend<HalfPage>(tile);
    case KeyValueType::q8:
      return attend<BytePage>(tile);
  }
}

// Folds what a query gathered from a later segment into what it has from those before.
inline void fold_states(float* states, const float* later, size_t count, size_t head_size) {
  for (size_t q = 0; q < count; ++q) {
    const Lanes a = Lanes::load(states + head_size + 8), b = Lanes::load(later + head_size + 8);
    const Lanes next = larger(a, b);
    // Where neither has seen anything, both are zero and stay so.
    const Lanes reference = where_less(next, Lanes::all(-3.4e38f), Lanes::all(0.0f), next);
    const Lanes keep = exponential(a - reference), take = exponential(b - reference);
    for (size_t i = 0; i < head_size + 8; i += 8)
      fused(Lanes::load(states + i), keep, Lanes::load(later + i) * take).store(states + i);
    next.store(states + head_size + 8);
    states += state_floats(head_size);
    later += state_floats(head_size);
  }
}

// outputs [count, head_size] = sums / totals.
inline void finish_states(const float* states, size_t count, size_t head_size, float* outputs) {
  for (size_t q = 0; q < count; ++q) {
    const Lanes inverse = Lanes::all(1.0f / sum(Lanes::load(states + head_size)));
    // Pages that a query does not see may have turned a zero's sign: adding zero makes it plus.
    for (size_t d = 0; d < head_size; d += 8)
      (Lanes::load(states + d) * inverse + Lanes::all(0.0f)).store(outputs + d);
    states += state_floats(head_size);
    outputs += head_size;
  }
}

}  // namespace helicon::kernels::HELICON_INSTRUCTION_SET
