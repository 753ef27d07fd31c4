#include "cache/page_pool.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>

namespace helicon::cache {

PagePool::~PagePool() {
  for (size_t group = 0; group < groups(); ++group)
    if (groups_[group].memory)
      munmap(groups_[group].memory, shape_.page_bytes(group) * groups_[group].references.size());
}

Result<std::unique_ptr<PagePool>> PagePool::create(const CacheShape& shape, size_t capacity) {
  std::unique_ptr<PagePool> pool(new PagePool(shape, capacity));
  for (size_t g = 0; g < shape.groups(); ++g) {
    Group& group = pool->groups_[g];
    const size_t pages = shape.page_bytes(g) > 0 ? capacity / shape.units(g) : 0;
    if (pages == 0)
      return Error{ErrorCode::invalid_argument, "a page pool needs at least one page"};
    const size_t bytes = shape.page_bytes(g) * pages;
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
      return Error{ErrorCode::out_of_memory,
                   fmt::format("cannot reserve {} bytes for keys and values: {}", bytes,
                               std::strerror(errno))};
    group.memory = static_cast<std::byte*>(memory);
    group.references.resize(pages, 0);
    group.free.reserve(pages);
    for (size_t page = pages; page-- > 0;) group.free.push_back(static_cast<PageId>(page));
  }
  return pool;
}

std::optional<PageId> PagePool::allocate(size_t group) {
  // A group has addresses for as many pages as there can be units for.
  if (shape_.units(group) > available()) return std::nullopt;
  used_ += shape_.units(group);
  std::vector<PageId>& free = groups_[group].free;
  const PageId page = free.back();
  free.pop_back();
  groups_[group].references[page] = 1;
  return page;
}

void PagePool::retain(PageId page, size_t group) {
  assert(groups_[group].references[page] > 0);
  ++groups_[group].references[page];
}

void PagePool::release(PageId page, size_t group) {
  assert(groups_[group].references[page] > 0);
  if (--groups_[group].references[page] > 0) return;
  clear(groups_[group].memory + page * shape_.page_bytes(group), shape_.page_bytes(group));
  groups_[group].free.push_back(page);
  used_ -= shape_.units(group);
}

// A private anonymous page reads as zeros after this, which is how the next owner wants it. Parts
// of a system page at the edges belong to the neighbours and are cleared by hand.
void PagePool::clear(std::byte* first, size_t bytes) {
  std::byte* last = first + bytes;
  // The advice is for whole pages of the system, which are larger than 4 KB on some processors.
  static const auto system_page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto* inner_first = reinterpret_cast<std::byte*>(
      (reinterpret_cast<uintptr_t>(first) + system_page - 1) / system_page * system_page);
  auto* inner_last =
      reinterpret_cast<std::byte*>(reinterpret_cast<uintptr_t>(last) / system_page * system_page);
  if (inner_first >= inner_last ||
      madvise(inner_first, static_cast<size_t>(inner_last - inner_first), MADV_DONTNEED) != 0) {
    std::memset(first, 0, bytes);
  } else {
    std::memset(first, 0, static_cast<size_t>(inner_first - first));
    std::memset(inner_last, 0, static_cast<size_t>(last - inner_last));
  }
}

void PagePool::copy(PageId from, PageId to, size_t group) {
  std::byte* memory = groups_[group].memory;
  const size_t bytes = shape_.page_bytes(group);
  std::memcpy(memory + to * bytes, memory + from * bytes, bytes);
}

}  // namespace helicon::cache
