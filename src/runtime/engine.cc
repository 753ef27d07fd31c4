#include "runtime/engine.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/block_drafter.h"
#include "runtime/model_drafter.h"

namespace helicon::runtime {
namespace {

std::unique_ptr<Drafter> make_drafter(const EngineParts& parts) {
  if (parts.model->block() > 0) return std::make_unique<BlockDrafter>(*parts.model, *parts.pages);
  if (!parts.draft.model) return nullptr;
  return std::make_unique<ModelDrafter>(*parts.draft.model, *parts.draft.pages,
                                        parts.model->vocabulary());
}

}  // namespace

Engine::Engine(EngineParts parts, SchedulerOptions options)
    : parts_(std::move(parts)),
      options_(options),
      scheduler_(*parts_.model, *parts_.pages, parts_.tokenizer, parts_.context_length, options,
                 make_drafter(parts_)),
      free_units_(parts_.pages->available()) {
  thread_ = std::thread([this] { loop(); });
}

Engine::~Engine() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Result<Ticket> Engine::submit(Request request, Listener listener) {
  HELICON_TRY(scheduler_.check(request));
  // Counted here, so that a full queue is an answer now and not an event later.
  if (pending_.fetch_add(1) >= options_.max_pending) {
    pending_.fetch_sub(1);
    return Error{
        ErrorCode::overloaded,
        fmt::format("{} requests are pending already; try again later", options_.max_pending)};
  }
  listener.on_done = [this, done = std::move(listener.on_done)](const Usage& usage) {
    pending_.fetch_sub(1);
    done(usage);
  };
  auto task = std::make_shared<Task>(std::move(request), std::move(listener));
  Ticket ticket{std::weak_ptr<Task>(task)};
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(task));
  }
  wake_.notify_one();
  return ticket;
}

void Engine::loop() {
  while (true) {
    std::vector<std::shared_ptr<Task>> arrived;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || !inbox_.empty() || !scheduler_.idle(); });
      if (stop_) break;
      arrived.swap(inbox_);
    }
    for (std::shared_ptr<Task>& task : arrived) scheduler_.add(std::move(task));
    scheduler_.step();
    free_units_.store(scheduler_.free_units());
  }
  const std::lock_guard lock(mutex_);
  for (std::shared_ptr<Task>& task : inbox_) scheduler_.add(std::move(task));
  scheduler_.finish_all(FinishReason::cancelled,
                        {ErrorCode::cancelled, "the model is being unloaded"});
}

}  // namespace helicon::runtime
