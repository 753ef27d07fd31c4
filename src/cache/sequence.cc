#include "cache/sequence.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace helicon::cache {
namespace {

constexpr int kPage = static_cast<int>(kPagePositions);

size_t pages_for(int positions) { return static_cast<size_t>((positions + kPage - 1) / kPage); }

}  // namespace

Sequence::Sequence(Sequence&& other) noexcept
    : pool_(other.pool_),
      lists_(std::exchange(other.lists_, {})),
      length_(std::exchange(other.length_, 0)) {}

Sequence& Sequence::operator=(Sequence&& other) noexcept {
  if (this != &other) {
    truncate(0);
    pool_ = other.pool_;
    lists_ = std::exchange(other.lists_, {});
    length_ = std::exchange(other.length_, 0);
  }
  return *this;
}

Sequence::~Sequence() { truncate(0); }

void Sequence::truncate(int length) {
  assert(length <= length_);
  for (size_t group = 0; group < pool_->groups(); ++group) {
    List& list = lists_[group];
    for (const size_t kept = pages_for(length); list.pages.size() > kept; list.pages.pop_back())
      if (list.pages.size() > list.hidden) pool_->release(list.pages.back(), group);
    list.hidden = std::min(list.hidden, list.pages.size());
  }
  length_ = length;
}

void Sequence::hide(size_t visible) {
  List& list = lists_[kWindowed];
  visible = std::min(visible, list.pages.size());
  for (; list.hidden < visible; ++list.hidden) pool_->release(list.pages[list.hidden], kWindowed);
}

void Sequence::adopt(const PagePair& pages) {
  assert(lists_[kFull].pages.size() * kPagePositions == static_cast<size_t>(length_));
  pool_->retain(pages.full);
  lists_[kFull].pages.push_back(pages.full);
  if (pool_->groups() > 1) {
    List& list = lists_[kWindowed];
    if (pages.windowed) {
      pool_->retain(*pages.windowed, kWindowed);
    } else {
      assert(list.hidden == list.pages.size());
      ++list.hidden;
    }
    list.pages.push_back(pages.windowed.value_or(0));
  }
  length_ += kPage;
}

bool Sequence::adopt_part(const PagePair& pages, int count) {
  assert(lists_[kFull].pages.size() * kPagePositions == static_cast<size_t>(length_) &&
         count < kPage);
  if (!reserve(count)) return false;
  pool_->copy(pages.full, lists_[kFull].pages.back());
  if (pool_->groups() > 1) pool_->copy(*pages.windowed, lists_[kWindowed].pages.back(), kWindowed);
  length_ += count;
  return true;
}

void Sequence::replace(size_t index, PageId page, size_t group) {
  pool_->retain(page, group);
  pool_->release(std::exchange(lists_[group].pages[index], page), group);
}

PagePair Sequence::pair(size_t index) const {
  PagePair pair{lists_[kFull].pages[index], std::nullopt};
  if (pool_->groups() > 1 && index >= lists_[kWindowed].hidden)
    pair.windowed = lists_[kWindowed].pages[index];
  return pair;
}

Sequence Sequence::fork() const {
  Sequence copy(*pool_);
  copy.length_ = length_;
  copy.lists_ = lists_;
  for (size_t group = 0; group < pool_->groups(); ++group) {
    List& list = copy.lists_[group];
    list.pages.resize(pages_for(length_));
    for (size_t i = list.hidden; i < list.pages.size(); ++i) pool_->retain(list.pages[i], group);
  }
  return copy;
}

size_t Sequence::pages_needed(int count, size_t group) const {
  const std::vector<PageId>& pages = lists_[group].pages;
  const size_t wanted = pages_for(length_ + count);
  const size_t fresh = wanted > pages.size() ? wanted - pages.size() : 0;
  const bool copies = count > 0 && length_ % kPage != 0 &&
                      pool_->shared(pages[static_cast<size_t>(length_ / kPage)], group);
  return fresh + (copies ? 1 : 0);
}

size_t Sequence::units_needed(int count) const {
  size_t units = 0;
  for (size_t group = 0; group < pool_->groups(); ++group)
    units += pages_needed(count, group) * pool_->shape().units(group);
  return units;
}

bool Sequence::reserve(int count) {
  if (units_needed(count) > pool_->available()) return false;
  for (size_t group = 0; group < pool_->groups(); ++group) {
    std::vector<PageId>& pages = lists_[group].pages;
    if (count > 0 && length_ % kPage != 0) {
      PageId& last = pages[static_cast<size_t>(length_ / kPage)];
      if (pool_->shared(last, group)) {
        const PageId own = *pool_->allocate(group);
        pool_->copy(last, own, group);
        pool_->release(last, group);
        last = own;
      }
    }
    for (const size_t wanted = pages_for(length_ + count); pages.size() < wanted;)
      pages.push_back(*pool_->allocate(group));
  }
  return true;
}

}  // namespace helicon::cache
