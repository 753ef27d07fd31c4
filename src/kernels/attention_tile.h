// How keys and values lie in a page, and what attention is given: queries of one tile, their pages,
// and the states it carries from page to page.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace helicon::kernels {

inline constexpr size_t kPagePositions = 32;  // positions a page of keys and values holds

// What keys and values are rounded to as they are stored.
enum class KeyValueType { f32, f16, q8 };

// q8: a whole number in [-127, 127] for each number, and a 32-bit scale for each run of 32
// neighbours in a head's vector. One scale for a whole vector would be smaller by a tenth, but keys
// have a few channels that are larger than all others by far (Qwen2.5: by a hundred times), and
// these would take the others' precision away; a run keeps the loss to itself.
inline constexpr size_t kScaleRun = 32;
constexpr size_t scale_runs(size_t head_size) { return (head_size + kScaleRun - 1) / kScaleRun; }

// Bytes of the keys of one page, one layer and one head; as many for the values.
//   f32, f16: keys [head_size, 32], values [32, head_size]
//   q8: the same in bytes, followed by float scales [scale_runs, 32] of both
constexpr size_t side_bytes(KeyValueType type, size_t head_size) {
  switch (type) {
    case KeyValueType::f32:
      return kPagePositions * head_size * 4;
    case KeyValueType::f16:
      return kPagePositions * head_size * 2;
    case KeyValueType::q8:
      return kPagePositions * (head_size + 4 * scale_runs(head_size));
  }
  return 0;
}

// What a query has gathered from the pages so far: sums [head_size] of values by weight, the
// weights' total in eight lanes, and the largest score, eight times.
constexpr size_t state_floats(size_t head_size) { return head_size + 16; }
inline void clear_states(float* states, size_t count, size_t head_size) {
  for (size_t q = 0; q < count; ++q, states += state_floats(head_size)) {
    std::fill_n(states, head_size + 8, 0.0f);
    std::fill_n(states + head_size + 8, 8, -INFINITY);
  }
}

// Queries against pages that all of them have, for one key/value head. A query takes the pages in
// ascending order from the first of a segment on; what it gathers depends on its own scores alone,
// whatever tiles it goes through.
struct AttentionTile {
  const float* queries;  // [count, head_size]
  float* states;         // [count, state_floats(head_size)]: continued
  const int* positions;  // [count] absolute position of each query: it sees keys up to itself
  size_t count = 0;
  size_t head_size = 0;  // a multiple of 8, at most 256
  // The p-th page, number pages[p], holds positions [32 p, 32 p + 32): its keys lie at keys +
  // pages[p] * page_stride, its values likewise. Unused slots hold finite numbers.
  KeyValueType type = KeyValueType::f32;
  const uint32_t* pages;
  const std::byte* keys;
  const std::byte* values;
  size_t page_stride = 0;             // in bytes
  int first_page = 0, last_page = 0;  // [first, last): what this call goes through
  int window = 0;                     // positions a query sees, itself included; 0: all
  float scale = 1;                    // of the scores
  float soft_cap = 0;                 // 0: none; else cap * tanh(score / cap)
};
inline constexpr size_t kAttentionTile = 96;  // queries at most
inline constexpr size_t kMaxHead = 256;

}  // namespace helicon::kernels
