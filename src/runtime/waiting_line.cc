#include "runtime/waiting_line.h"

#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace helicon::runtime {

const std::shared_ptr<Task>& WaitingLine::next(
    std::span<const std::shared_ptr<Task>> running) const {
  std::map<std::string_view, size_t> running_of;
  for (const std::shared_ptr<Task>& task : running) ++running_of[task->request.owner];
  const std::shared_ptr<Task>* best = nullptr;
  std::tuple<Priority, size_t> best_rank;
  for (const std::shared_ptr<Task>& task : tasks_) {
    if (task->overtaken >= kMostOvertakes) return task;
    const std::tuple rank(task->request.priority, running_of[task->request.owner]);
    if (!best || rank < best_rank) best = &task, best_rank = rank;
  }
  return *best;
}

void WaitingLine::take(const Task& task) {
  auto it = tasks_.begin();
  for (; it->get() != &task; ++it) ++(*it)->overtaken;
  tasks_.erase(it);
}

}  // namespace helicon::runtime
