// Pages of keys and values: fixed size, reference-counted, from one bounded reservation.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "base/result.h"
#include "kernels/kernel_table.h"

namespace helicon::cache {

using kernels::kPagePositions;
using PageId = uint32_t;

using kernels::KeyValueType;

// Layers that see all positions and layers that see a window of the last ones keep their keys and
// values on pages of their own, so that the latter can give back what no window shows any more.
inline constexpr size_t kFull = 0;
inline constexpr size_t kWindowed = 1;
inline constexpr size_t kMostGroups = 2;

// Whose layers keep their keys and values: the model's, or those of a drafter that reads what the
// model makes of its context, and has them on the same pages.
enum class Stack { model, draft };

// What one position stores: a key and a value [head_size] for each layer and key/value head.
struct CacheShape {
  size_t layers = 0;
  size_t heads = 0;  // key/value heads
  size_t head_size = 0;
  KeyValueType type = KeyValueType::f32;
  size_t windowed_layers = 0;  // of the layers, those that are kept apart; not all of them
  int window = 0;              // positions that these see, the newest included
  // The drafter's layers, if there is one: all of them on the pages of one group.
  size_t draft_layers = 0, draft_heads = 0, draft_head_size = 0;
  size_t draft_group = kFull;

  size_t groups() const { return windowed_layers > 0 ? 2 : 1; }
  size_t layers_of(size_t group) const {
    return group == kWindowed ? windowed_layers : layers - windowed_layers;
  }
  // Of the keys of one layer and head in one page; the values take as many.
  size_t side_bytes(Stack stack = Stack::model) const {
    return kernels::side_bytes(type, stack == Stack::model ? head_size : draft_head_size);
  }
  // Of a page, what the model's own layers take.
  size_t model_bytes(size_t group) const { return layers_of(group) * heads * 2 * side_bytes(); }
  size_t page_bytes(size_t group = kFull) const {
    const size_t draft = draft_layers * draft_heads * 2 * side_bytes(Stack::draft);
    return model_bytes(group) + (group == draft_group ? draft : 0);
  }
  size_t page_floats(size_t group = kFull) const { return page_bytes(group) / sizeof(float); }
  // Memory is counted in units: the largest amount of which all pages are multiples. Where there is
  // one group, a page is a unit.
  size_t unit_bytes() const {
    return groups() == 1 ? page_bytes() : std::gcd(page_bytes(kFull), page_bytes(kWindowed));
  }
  size_t units(size_t group = kFull) const { return page_bytes(group) / unit_bytes(); }
  // Windowed pages that a sequence has at most, while it computes up to `rows` positions a pass and
  // gives each back when the window has left it for a page.
  size_t most_windowed(size_t rows) const {
    return (static_cast<size_t>(window) + rows + kPagePositions - 1) / kPagePositions + 2;
  }
  // The first page that the query of this position sees.
  size_t first_visible_page(size_t group, int position) const {
    return group == kFull
               ? 0
               : static_cast<size_t>(std::max(0, position - window + 1)) / kPagePositions;
  }
};

// Not thread-safe: the engine's thread owns it. Memory is touched when a page is first written and
// given back to the system when it is released.
class PagePool {
 public:
  // Reserves addresses for `capacity` units of pages, of either group. Errors: out_of_memory.
  static Result<std::unique_ptr<PagePool>> create(const CacheShape& shape, size_t capacity);
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  const CacheShape& shape() const { return shape_; }
  size_t groups() const { return shape_.groups(); }
  size_t capacity() const { return capacity_; }           // units
  size_t available() const { return capacity_ - used_; }  // units
  size_t used(size_t group) const {
    return groups_[group].references.size() - groups_[group].free.size();
  }  // pages

  // A page of zeros with one reference; nullopt when there are too few units.
  std::optional<PageId> allocate(size_t group = kFull);
  void retain(PageId page, size_t group = kFull);
  void release(PageId page, size_t group = kFull);
  bool shared(PageId page, size_t group = kFull) const {
    return groups_[group].references[page] > 1;
  }
  void copy(PageId from, PageId to, size_t group = kFull);

  // The keys and the values of a group's `layer`-th layer of a stack and one head in page 0, laid
  // out as attention_tile.h says; page p has them page_bytes(group) * p further on.
  std::byte* key_side(size_t layer, size_t head, size_t group = kFull, Stack stack = Stack::model) {
    std::byte* first = groups_[group].memory;
    if (stack == Stack::draft) first += shape_.model_bytes(group);
    const size_t heads = stack == Stack::model ? shape_.heads : shape_.draft_heads;
    return first + 2 * (layer * heads + head) * shape_.side_bytes(stack);
  }
  std::byte* value_side(size_t layer, size_t head, size_t group = kFull,
                        Stack stack = Stack::model) {
    return key_side(layer, head, group, stack) + shape_.side_bytes(stack);
  }
  // The same of a pool of type f32: keys [head_size, 32], values [32, head_size].
  float* keys(size_t layer, size_t head, size_t group = kFull) {
    return reinterpret_cast<float*>(key_side(layer, head, group));
  }
  float* values(size_t layer, size_t head, size_t group = kFull) {
    return reinterpret_cast<float*>(value_side(layer, head, group));
  }

 private:
  struct Group {
    std::byte* memory = nullptr;
    std::vector<uint32_t> references;
    std::vector<PageId> free;
  };
  PagePool(const CacheShape& shape, size_t capacity) : shape_(shape), capacity_(capacity) {}
  void clear(std::byte* first, size_t bytes);

  CacheShape shape_;
  size_t capacity_;
  size_t used_ = 0;
  Group groups_[kMostGroups];
};

}  // namespace helicon::cache
