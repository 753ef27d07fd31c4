// One conversation's keys and values: a list of pages, shared with its forks until written to.
#pragma once

#include <vector>

#include "cache/page_pool.h"

namespace helicon::cache {

class Sequence {
 public:
  explicit Sequence(PagePool& pool) : pool_(&pool) {}
  Sequence(Sequence&& other) noexcept;
  Sequence& operator=(Sequence&& other) noexcept;
  ~Sequence();

  // Another sequence with the same past; pages are shared, not copied.
  Sequence fork() const;

  // Makes positions [length, length + count) writable: takes new pages, and copies the last one if
  // it is shared. False, and nothing changed, when the pool has too few.
  bool reserve(int count);
  // Pages that reserve(count) would take from the pool.
  size_t pages_needed(int count) const;
  // The next `count` reserved positions now hold keys and values.
  void advance(int count) { length_ += count; }

  int length() const { return length_; }
  const std::vector<PageId>& pages() const { return pages_; }

 private:
  void release();

  PagePool* pool_;
  std::vector<PageId> pages_;
  int length_ = 0;
};

}  // namespace helicon::cache
