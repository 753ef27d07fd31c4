// A fixed team of threads that runs one function at a time, all members at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
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
      : object_(&function),
        call_([](const void* object, int member) { (*static_cast<const F*>(object))(member); }) {}
  void operator()(int member) const { call_(object_, member); }

 private:
  const void* object_ = nullptr;
  void (*call_)(const void*, int) = nullptr;
};

// The engine's step is hundreds of short parallel sections; members spin for a bounded time between
// them and then sleep, so an idle team costs nothing.
class ThreadPool {
 public:
  // `threads` counts the caller, who is member 0; at least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls task(member) once on every member and returns when all have finished. One caller at a
  // time; tasks must not throw.
  void run(TaskRef task);

  // Calls task(first, last) over [0, count) in pieces of at most `grain`, handed out as members
  // become free. Which member gets which piece varies: tasks may only write their own outputs.
  template <typename F>
  void for_ranges(size_t count, size_t grain, const F& task) {
    if (size() == 1 || count <= grain) {
      if (count > 0) task(size_t{0}, count);
      return;
    }
    std::atomic<size_t> next{0};
    run([&](int) {
      for (size_t first; (first = next.fetch_add(grain, std::memory_order_relaxed)) < count;)
        task(first, first + grain < count ? first + grain : count);
    });
  }

 private:
  void work(int member);

  TaskRef task_;
  std::atomic<unsigned> generation_{0};  // bumped to start a task
  std::atomic<int> running_{0};          // members that have not finished it
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace helicon
