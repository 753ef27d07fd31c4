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

// What one position stores: a key and a value [head_size] for each layer and key/value head.
struct CacheShape {
  size_t layers = 0;
  size_t heads = 0;  // key/value heads
  size_t head_size = 0;

  size_t page_floats() const { return layers * heads * 2 * head_size * kPagePositions; }
  size_t page_bytes() const { return page_floats() * sizeof(float); }
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

  // The keys [head_size, 32] and values [32, head_size] of one layer and head, in page 0; page p
  // has them page_floats() * p further on.
  float* keys(size_t layer, size_t head) {
    return memory_ + (layer * shape_.heads + head) * pair_floats();
  }
  float* values(size_t layer, size_t head) { return keys(layer, head) + pair_floats() / 2; }

 private:
  PagePool(const CacheShape& shape, size_t capacity, float* memory);
  size_t pair_floats() const { return 2 * shape_.head_size * kPagePositions; }

  CacheShape shape_;
  float* memory_;
  std::vector<uint32_t> references_;
  std::vector<PageId> free_;
};

}  // namespace helicon::cache
