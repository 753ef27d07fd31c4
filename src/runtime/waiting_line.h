// Requests that wait for pages, and who of them is next.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <span>

#include "runtime/task.h"

namespace helicon::runtime {

class WaitingLine {
 public:
  // Younger requests may go before an older one so many times, whatever their owner and priority.
  static constexpr int kMostOvertakes = 16;

  void add(std::shared_ptr<Task> task) { tasks_.push_back(std::move(task)); }
  bool empty() const { return tasks_.empty(); }

  // The oldest of those who were overtaken too often; then by priority, then of the owner with the
  // fewest running, then the oldest. Not of an empty line.
  const std::shared_ptr<Task>& next(std::span<const std::shared_ptr<Task>> running) const;
  // Takes it out, and counts whom it overtakes.
  void take(const Task& task);

  // Takes out those for whom `remove(task)` is true.
  template <typename Predicate>
  void remove_if(Predicate remove) {
    std::erase_if(tasks_, [&](const std::shared_ptr<Task>& task) { return remove(*task); });
  }

 private:
  std::list<std::shared_ptr<Task>> tasks_;  // in order of arrival
};

}  // namespace helicon::runtime
