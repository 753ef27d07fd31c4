// Turns bytes that arrive into Progress: a rate over the last seconds, not too many calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "catalog/catalog.h"

namespace helicon::catalog {

class Meter {
 public:
  Meter(std::uint64_t total, ProgressCallback callback);
  // `done` bytes of the whole are there. Calls back at most ten times a second, but always for a
  // new stage and for the last byte.
  void report(std::uint64_t done, std::string_view stage);

 private:
  using Clock = std::chrono::steady_clock;

  Progress progress_;
  ProgressCallback callback_;
  Clock::time_point last_call_;
  std::string stage_;
  std::deque<std::pair<Clock::time_point, std::uint64_t>> recent_;  // what the rate is taken over
};

}  // namespace helicon::catalog
