// Pages of keys and values: fixed size, reference-counted, from one bounded reservation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "kernels/kernel_table.h"

namespace helicon::cache {

using kernels::kPagePositions;
using PageId = uint32_t;

using kernels::KeyValueType;

// What one position stores: a key and a value [head_size] for each layer and key/value head.
struct CacheShape {
  size_t layers = 0;
  size_t heads = 0;  // key/value heads
  size_t head_size = 0;
  KeyValueType type = KeyValueType::f32;

  // Of the keys of one layer and head in one page; the values take as many.
  size_t side_bytes() const { return kernels::side_bytes(type, head_size); }
  size_t page_bytes() const { return layers * heads * 2 * side_bytes(); }
  size_t page_floats() const { return page_bytes() / sizeof(float); }
};

// Not thread-safe: the engine's thread owns it. Memory is touched when a page is first written and
// given back to the system when it is released.
class PagePool {
 public:
  // Reserves addresses for `capacity` pages. Errors: out_of_memory.
  static Result<std::unique_ptr<PagePool>> create(const CacheShape& shape, size_t capacity);
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  const CacheShape& shape() const { return shape_; }
  size_t capacity() const { return references_.size(); }
  size_t available() const { return free_.size(); }

  // A page of zeros with one reference; nullopt when none is free.
  std::optional<PageId> allocate();
  void retain(PageId page);
  void release(PageId page);
  bool shared(PageId page) const { return references_[page] > 1; }
  void copy(PageId from, PageId to);

  // The keys and the values of one layer and head in page 0, laid out as attention_tile.h says;
  // page p has them page_bytes() * p further on.
  std::byte* key_side(size_t layer, size_t head) {
    return memory_ + 2 * (layer * shape_.heads + head) * shape_.side_bytes();
  }
  std::byte* value_side(size_t layer, size_t head) {
    return key_side(layer, head) + shape_.side_bytes();
  }
  // The same of a pool of type f32: keys [head_size, 32], values [32, head_size].
  float* keys(size_t layer, size_t head) { return reinterpret_cast<float*>(key_side(layer, head)); }
  float* values(size_t layer, size_t head) {
    return reinterpret_cast<float*>(value_side(layer, head));
  }

 private:
  PagePool(const CacheShape& shape, size_t capacity, std::byte* memory);

  CacheShape shape_;
  std::byte* memory_;
  std::vector<uint32_t> references_;
  std::vector<PageId> free_;
};

}  // namespace helicon::cache
