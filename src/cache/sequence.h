// One conversation's keys and values: a list of pages, shared with others until written to.
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
  // Forgets all positions from `length` on, and gives back the pages that only they were on.
  void truncate(int length);

  // The next 32 positions are those of a full page that somebody else has computed. The sequence
  // ends at the end of a page.
  void adopt(PageId page);
  // The next `count` positions, fewer than a page, are copied from such a page. False when the pool
  // has no page left.
  bool adopt_part(PageId page, int count);
  // Another page holds the same as this sequence's page number `index`, which is given back.
  void replace(size_t index, PageId page);

  int length() const { return length_; }
  const std::vector<PageId>& pages() const { return pages_; }

 private:
  PagePool* pool_;
  std::vector<PageId> pages_;
  int length_ = 0;
};

}  // namespace helicon::cache
