// The one door to the engine: requests in from any thread, events out on the engine's own.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/memory_limit.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "models/model.h"
#include "runtime/request.h"
#include "runtime/scheduler.h"

namespace helicon::runtime {

// A small model of the same vocabulary, which guesses ahead.
struct DraftParts {
  MemoryClaim memory;
  std::unique_ptr<ThreadPool> threads;
  std::unique_ptr<models::Model> model;  // null: there is none
  std::unique_ptr<cache::PagePool> pages;
};

struct EngineParts {
  MemoryClaim memory;                   // what all of it may come to use
  std::unique_ptr<ThreadPool> threads;  // what the model computes on; may be null
  std::unique_ptr<models::Model> model;
  std::unique_ptr<cache::PagePool> pages;
  std::shared_ptr<const text::Tokenizer> tokenizer;
  int context_length = 0;
  DraftParts draft;
};

// A submitted request. cancel() takes effect before the next token; its last events still arrive.
class Ticket {
 public:
  Ticket() = default;
  explicit Ticket(std::weak_ptr<Task> task) : task_(std::move(task)) {}
  void cancel() const {
    if (const auto task = task_.lock()) task->cancelled.store(true);
  }

 private:
  std::weak_ptr<Task> task_;
};

class Engine {
 public:
  explicit Engine(EngineParts parts, SchedulerOptions options = {});
  // Cancels what runs; every listener has had its on_done when this returns.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Errors: those of Scheduler::check, and overloaded. On success the listener hears of everything
  // that follows, on the engine's thread.
  Result<Ticket> submit(Request request, Listener listener);

  const text::Tokenizer& tokenizer() const { return *parts_.tokenizer; }
  bool intact() const { return parts_.model->intact(); }
  int context_length() const { return parts_.context_length; }
  // Units of pages (PagePool): free after the last step, or kept only for prompts to come.
  size_t free_units() const { return free_units_.load(); }
  size_t unit_capacity() const { return parts_.pages->capacity(); }

 private:
  void loop();

  EngineParts parts_;
  SchedulerOptions options_;
  Scheduler scheduler_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<Task>> inbox_;
  bool stop_ = false;
  std::atomic<size_t> free_units_{0};
  std::atomic<size_t> pending_{0};  // submitted, not yet done
  std::thread thread_;
};

}  // namespace helicon::runtime
