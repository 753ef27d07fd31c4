#include "base/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <system_error>

namespace helicon {

// Regions form a list that only grows: those of closed files are used again. The signal handler may
// read it at any time, so each has a version, which is odd while its bounds change.
struct MappedRegion {
  std::atomic<uint32_t> version{0};
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};  // 0: not in use
  std::atomic<bool> damaged{false};
  MappedRegion* next = nullptr;

  void set(uintptr_t new_begin, uintptr_t new_end) {
    version.fetch_add(1);
    begin.store(new_begin);
    end.store(new_end);
    version.fetch_add(1);
  }
};

namespace {

static_assert(std::atomic<uintptr_t>::is_always_lock_free, "read inside a signal handler");

const size_t page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));

uintptr_t page_of(uintptr_t address) { return address & ~(page_bytes - 1); }
uintptr_t address_of(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

std::atomic<MappedRegion*> first_region{nullptr};
std::mutex regions_mutex;  // held by those who change the list or a region's bounds

MappedRegion* add_region(std::span<const std::byte> bytes) {
  const uintptr_t begin = address_of(bytes.data());
  const uintptr_t end = page_of(begin + bytes.size() + page_bytes - 1);
  const std::lock_guard lock(regions_mutex);
  MappedRegion* region = first_region.load();
  while (region != nullptr && region->end.load() != 0) region = region->next;
  const bool fresh = region == nullptr;
  if (fresh) region = new MappedRegion;
  region->damaged.store(false);
  region->set(begin, end);
  if (fresh) {
    region->next = first_region.load();
    first_region.store(region);
  }
  return region;
}

void remove_region(MappedRegion* region) {
  const std::lock_guard lock(regions_mutex);
  region->set(0, 0);
}

// Puts zeros from the page of `address` to the end of the mapping it is in, so that a file cut
// short costs one fault and not one for each page. False if it is in none of ours. Runs in the
// signal handler: no locks, no allocation.
bool mend(uintptr_t address) {
  for (MappedRegion* region = first_region.load(); region != nullptr; region = region->next) {
    const uint32_t version = region->version.load();
    const uintptr_t begin = region->begin.load();
    const uintptr_t end = region->end.load();
    if (address < begin || address >= end) continue;
    // Bounds that change meanwhile are not those of the mapping at fault, which is in use.
    if (version % 2 != 0 || region->version.load() != version) continue;
    region->damaged.store(true);
    const uintptr_t page = page_of(address);
    // A bare system call, as wrappers of mmap (sanitizers have one) are not for signal handlers.
    constexpr long protection = PROT_READ;
    constexpr long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    return syscall(SYS_mmap, page, end - page, protection, flags, -1L, 0L) != -1;
  }
  return false;
}

struct sigaction previous_action;

void pass_on(int signal_number, siginfo_t* information, void* context, bool fault) {
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal_number, information, context);
  } else if (previous_action.sa_handler == SIG_DFL ||
             (previous_action.sa_handler == SIG_IGN && fault)) {
    // Ends the process as if we had not been here, once this handler returns and unblocks it.
    signal(signal_number, SIG_DFL);
    raise(signal_number);
  } else if (previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal_number);
  }
}

void on_bus_error(int signal_number, siginfo_t* information, void* context) {
  const int saved_errno = errno;
  const bool fault = information->si_code > 0;  // of an access, not sent by a process
  if (!fault || !mend(address_of(information->si_addr))) {
    pass_on(signal_number, information, context, fault);
  }
  errno = saved_errno;
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, nullptr, &previous_action);  // in place before it can be called
    sigaction(SIGBUS, &action, nullptr);
  });
}

Error file_error(const std::filesystem::path& path, int error) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  return {missing ? ErrorCode::not_found : ErrorCode::io,
          fmt::format("{}: {}", path.string(),
                      missing ? "no such file" : std::generic_category().message(error)),
          {}};
}

}  // namespace

Result<std::unique_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  std::unique_ptr<MappedFile> file(new MappedFile);
  // O_NONBLOCK: a pipe without a writer must not hang us.
  file->descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file->descriptor_ < 0) return file_error(path, errno);
  struct stat status;
  if (fstat(file->descriptor_, &status) != 0) return file_error(path, errno);
  if (!S_ISREG(status.st_mode)) {
    return Error{ErrorCode::io, fmt::format("{}: not a regular file", path.string()), {}};
  }
  if (status.st_size > 0) {
    const size_t size = static_cast<size_t>(status.st_size);
    install_handler();
    void* data = mmap(nullptr, size, PROT_READ, MAP_SHARED, file->descriptor_, 0);
    if (data == MAP_FAILED) return file_error(path, errno);
    file->bytes_ = {static_cast<const std::byte*>(data), size};
    file->region_ = add_region(file->bytes_);
  }
  return std::unique_ptr<const MappedFile>(std::move(file));
}

MappedFile::~MappedFile() {
  if (region_ != nullptr) {
    remove_region(region_);
    munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
  if (descriptor_ >= 0) close(descriptor_);
}

void MappedFile::release(std::span<const std::byte> range) {
  const uintptr_t begin = page_of(address_of(range.data()) + page_bytes - 1);
  const uintptr_t end = page_of(address_of(range.data()) + range.size());
  // Advice: if the kernel declines it, the pages merely stay.
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

std::string MappedFile::identity() const {
  struct stat status;
  if (fstat(descriptor_, &status) != 0) return "unknown";
  return fmt::format("{} {} {} {}.{:09}", status.st_dev, status.st_ino, bytes_.size(),
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

void MappedFile::fetch(std::span<const std::byte> range) {
#ifdef MADV_POPULATE_READ  // of Linux 5.14; older kernels fetch as it is read
  const uintptr_t begin = page_of(address_of(range.data()));
  const uintptr_t end = page_of(address_of(range.data()) + range.size() + page_bytes - 1);
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ);
#else
  static_cast<void>(range);
#endif
}

void MappedFile::read_ahead(std::span<const std::byte> range) {
  // The kernel reads no more for one call than it does ahead of a reader in order: 128 KiB, where
  // nobody has set it otherwise.
  constexpr uintptr_t kAtOnce = uintptr_t{128} << 10;
  const uintptr_t end = address_of(range.data()) + range.size();
  for (uintptr_t at = page_of(address_of(range.data())); at < end; at += kAtOnce)
    madvise(reinterpret_cast<void*>(at), std::min(kAtOnce, end - at), MADV_WILLNEED);
}

bool MappedFile::intact() const {
  if (region_ == nullptr) return true;
  struct stat status;
  if (fstat(descriptor_, &status) != 0 || static_cast<size_t>(status.st_size) < bytes_.size()) {
    region_->damaged.store(true);
  }
  return !region_->damaged.load();
}

}  // namespace helicon
