// A fixed team of threads that runs one function at a time, all members at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace helicon {

// A reference to a callable: two words, no allocation. The callable must outlive the call.
class TaskRef {
 public:
  TaskRef() = default;
  template <typename F>
  TaskRef(const F& function)  // NOLINT(google-explicit-constructor)
      : object_(&function), call_([](const void* object) { (*static_cast<const F*>(object))(); }) {}
  void operator()() const { call_(object_); }

 private:
  const void* object_ = nullptr;
  void (*call_)(const void*) = nullptr;
};

// The engine's step is hundreds of short parallel sections; members spin for a bounded time between
// them and then sleep, so an idle team costs nothing. On a busy machine a member may not be running
// when it is called: if the others have done all the work by the time it would begin, nobody waits
// for it.
class ThreadPool {
 public:
  // `threads` counts the caller; at least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls task(first, last) over [0, count) in pieces of at most `grain`, handed out as members
  // become free, and returns when all are done. Which member gets which piece varies: tasks may
  // only write their own outputs. One caller at a time; tasks must not throw.
  template <typename F>
  void for_ranges(size_t count, size_t grain, const F& task) {
    if (size() == 1 || count <= grain) {
      if (count > 0) task(size_t{0}, count);
      return;
    }
    std::atomic<size_t> next{0};
    run([&] {
      for (size_t first; (first = next.fetch_add(grain, std::memory_order_relaxed)) < count;)
        task(first, first + grain < count ? first + grain : count);
    });
  }

 private:
  enum State : uint32_t { idle, called, working, stopped };
  struct alignas(64) Worker {
    std::atomic<uint32_t> state{idle};
    std::thread thread;
  };

  void run(TaskRef task);
  void work(Worker& worker);

  TaskRef task_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace helicon
