#include "cache/sequence.h"

#include <cassert>
#include <utility>

namespace helicon::cache {
namespace {

constexpr int kPage = static_cast<int>(kPagePositions);

}  // namespace

Sequence::Sequence(Sequence&& other) noexcept
    : pool_(other.pool_),
      pages_(std::exchange(other.pages_, {})),
      length_(std::exchange(other.length_, 0)) {}

Sequence& Sequence::operator=(Sequence&& other) noexcept {
  if (this != &other) {
    truncate(0);
    pool_ = other.pool_;
    pages_ = std::exchange(other.pages_, {});
    length_ = std::exchange(other.length_, 0);
  }
  return *this;
}

Sequence::~Sequence() { truncate(0); }

void Sequence::truncate(int length) {
  assert(length <= length_);
  const auto kept = static_cast<size_t>((length + kPage - 1) / kPage);
  for (; pages_.size() > kept; pages_.pop_back()) pool_->release(pages_.back());
  length_ = length;
}

void Sequence::adopt(PageId page) {
  assert(pages_.size() * kPagePositions == static_cast<size_t>(length_));
  pool_->retain(page);
  pages_.push_back(page);
  length_ += kPage;
}

bool Sequence::adopt_part(PageId page, int count) {
  assert(pages_.size() * kPagePositions == static_cast<size_t>(length_) && count < kPage);
  const std::optional<PageId> own = pool_->allocate();
  if (!own) return false;
  pool_->copy(page, *own);
  pages_.push_back(*own);
  length_ += count;
  return true;
}

void Sequence::replace(size_t index, PageId page) {
  pool_->retain(page);
  pool_->release(std::exchange(pages_[index], page));
}

Sequence Sequence::fork() const {
  Sequence copy(*pool_);
  const auto used = static_cast<size_t>((length_ + kPage - 1) / kPage);
  copy.pages_.assign(pages_.begin(), pages_.begin() + static_cast<std::ptrdiff_t>(used));
  copy.length_ = length_;
  for (const PageId page : copy.pages_) pool_->retain(page);
  return copy;
}

size_t Sequence::pages_needed(int count) const {
  const auto wanted = static_cast<size_t>((length_ + count + kPage - 1) / kPage);
  const size_t fresh = wanted > pages_.size() ? wanted - pages_.size() : 0;
  const bool copies = count > 0 && length_ % kPage != 0 &&
                      pool_->shared(pages_[static_cast<size_t>(length_ / kPage)]);
  return fresh + (copies ? 1 : 0);
}

bool Sequence::reserve(int count) {
  const size_t needed = pages_needed(count);
  if (needed > pool_->available()) return false;
  const auto wanted = static_cast<size_t>((length_ + count + kPage - 1) / kPage);
  if (count > 0 && length_ % kPage != 0) {
    PageId& last = pages_[static_cast<size_t>(length_ / kPage)];
    if (pool_->shared(last)) {
      const PageId own = *pool_->allocate();
      pool_->copy(last, own);
      pool_->release(last);
      last = own;
    }
  }
  while (pages_.size() < wanted) pages_.push_back(*pool_->allocate());
  return true;
}

}  // namespace helicon::cache
