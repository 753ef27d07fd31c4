#include "base/thread_pool.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace helicon {
namespace {

void pause_processor() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// About 50 microseconds: longer than the gaps between the sections of one step.
constexpr int kSpins = 2000;

// Waits while `value` equals `old`: first spinning, then asleep. May return early.
template <typename T>
void wait_while_equal(const std::atomic<T>& value, T old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause_processor();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    Worker& worker = *workers_.back();
    worker.thread = std::thread([this, &worker] { work(worker); });
  }
}

ThreadPool::~ThreadPool() {
  for (const auto& worker : workers_) {
    worker->state.store(stopped, std::memory_order_release);
    worker->state.notify_one();
  }
  for (const auto& worker : workers_) worker->thread.join();
}

void ThreadPool::run(TaskRef task) {
  task_ = task;
  for (const auto& worker : workers_) {
    worker->state.store(called, std::memory_order_release);
    worker->state.notify_one();
  }
  task();
  for (const auto& worker : workers_) {
    // Who has not begun is called off; whoever has begun is waited for.
    uint32_t state = called;
    if (worker->state.compare_exchange_strong(state, idle, std::memory_order_acquire)) continue;
    if (state == working) wait_while_equal<uint32_t>(worker->state, working);
  }
}

void ThreadPool::work(Worker& worker) {
  while (true) {
    wait_while_equal<uint32_t>(worker.state, idle);
    uint32_t state = called;
    if (!worker.state.compare_exchange_strong(state, working, std::memory_order_acquire)) {
      if (state == stopped) return;
      continue;
    }
    task_();
    worker.state.store(idle, std::memory_order_release);
    worker.state.notify_one();
  }
}

}  // namespace helicon
