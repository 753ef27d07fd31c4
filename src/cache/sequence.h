// One conversation's keys and values: a list of pages, shared with others until written to.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "cache/page_pool.h"

namespace helicon::cache {

// The pages of both groups that hold the same positions; the windowed one only where there is such
// a group, and where some window still shows it.
struct PagePair {
  PageId full = 0;
  std::optional<PageId> windowed;
};

class Sequence {
 public:
  explicit Sequence(PagePool& pool) : pool_(&pool) {}
  Sequence(Sequence&& other) noexcept;
  Sequence& operator=(Sequence&& other) noexcept;
  ~Sequence();

  // Another sequence with the same past; pages are shared, not copied.
  Sequence fork() const;

  // Makes positions [length, length + count) writable: takes new pages, and copies the last one if
  // it is shared. False, and nothing changed, when the pool has too little.
  bool reserve(int count);
  // Units that reserve(count) would take from the pool, and pages of one group.
  size_t units_needed(int count) const;
  size_t pages_needed(int count, size_t group = kFull) const;
  // The next `count` reserved positions now hold keys and values.
  void advance(int count) { length_ += count; }
  // Forgets all positions from `length` on, and gives back the pages that only they were on. What
  // was hidden stays hidden: `length` may not be less than when hide() was called.
  void truncate(int length);
  // Gives back the windowed pages that no position from the present end on sees; those before page
  // number `visible`.
  void hide() { hide(pool_->shape().first_visible_page(kWindowed, length_)); }
  void hide(size_t visible);

  // The next 32 positions are those of full pages that somebody else has computed. The sequence
  // ends at the end of a page. Without a windowed page those before it have to be hidden, and no
  // position may follow that sees it.
  void adopt(const PagePair& pages);
  // The next `count` positions, fewer than a page, are copied from such pages, which must both be
  // there. False, and nothing changed, when the pool has too little.
  bool adopt_part(const PagePair& pages, int count);
  // Another page holds the same as page number `index`, which is given back.
  void replace(size_t index, PageId page, size_t group = kFull);

  int length() const { return length_; }
  // By position over 32. The first hidden(group) of them are no longer the sequence's; their
  // numbers are what they were, or any.
  const std::vector<PageId>& pages(size_t group = kFull) const { return lists_[group].pages; }
  size_t hidden(size_t group) const { return lists_[group].hidden; }
  PagePair pair(size_t index) const;

 private:
  struct List {
    std::vector<PageId> pages;
    size_t hidden = 0;
  };

  PagePool* pool_;
  std::array<List, kMostGroups> lists_;
  int length_ = 0;
};

}  // namespace helicon::cache
