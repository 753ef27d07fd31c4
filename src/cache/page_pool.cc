#include "cache/page_pool.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cassert>
#include <cstring>

namespace helicon::cache {

Result<std::unique_ptr<PagePool>> PagePool::create(const CacheShape& shape, size_t capacity) {
  const size_t bytes = shape.page_bytes() * capacity;
  if (bytes == 0) return Error{ErrorCode::invalid_argument, "a page pool needs at least one page"};
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return Error{ErrorCode::out_of_memory,
                 fmt::format("cannot reserve {} bytes for keys and values: {}", bytes,
                             std::strerror(errno))};
  return std::unique_ptr<PagePool>(new PagePool(shape, capacity, static_cast<std::byte*>(memory)));
}

PagePool::PagePool(const CacheShape& shape, size_t capacity, std::byte* memory)
    : shape_(shape), memory_(memory), references_(capacity, 0) {
  free_.reserve(capacity);
  for (size_t page = capacity; page-- > 0;) free_.push_back(static_cast<PageId>(page));
}

PagePool::~PagePool() { munmap(memory_, shape_.page_bytes() * capacity()); }

std::optional<PageId> PagePool::allocate() {
  if (free_.empty()) return std::nullopt;
  const PageId page = free_.back();
  free_.pop_back();
  references_[page] = 1;
  return page;
}

void PagePool::retain(PageId page) {
  assert(references_[page] > 0);
  ++references_[page];
}

void PagePool::release(PageId page) {
  assert(references_[page] > 0);
  if (--references_[page] > 0) return;
  // A private anonymous page reads as zeros after this, which is how the next owner wants it. Parts
  // of a system page at the edges belong to the neighbours and are cleared by hand.
  std::byte* first = memory_ + page * shape_.page_bytes();
  std::byte* last = first + shape_.page_bytes();
  constexpr uintptr_t kSystemPage = 4096;
  auto* inner_first = reinterpret_cast<std::byte*>(
      (reinterpret_cast<uintptr_t>(first) + kSystemPage - 1) / kSystemPage * kSystemPage);
  auto* inner_last =
      reinterpret_cast<std::byte*>(reinterpret_cast<uintptr_t>(last) / kSystemPage * kSystemPage);
  if (inner_first >= inner_last ||
      madvise(inner_first, static_cast<size_t>(inner_last - inner_first), MADV_DONTNEED) != 0) {
    std::memset(first, 0, shape_.page_bytes());
  } else {
    std::memset(first, 0, static_cast<size_t>(inner_first - first));
    std::memset(inner_last, 0, static_cast<size_t>(last - inner_last));
  }
  free_.push_back(page);
}

void PagePool::copy(PageId from, PageId to) {
  std::memcpy(memory_ + to * shape_.page_bytes(), memory_ + from * shape_.page_bytes(),
              shape_.page_bytes());
}

}  // namespace helicon::cache
