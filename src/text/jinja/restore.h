// A change to a variable that lasts as long as its scope.
#pragma once

#include <utility>

namespace helicon::text::jinja {

template <typename T>
class Restore {
 public:
  Restore(T& variable, T value)
      : variable_(variable), before_(std::exchange(variable, std::move(value))) {}
  ~Restore() { variable_ = std::move(before_); }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T& variable_;
  T before_;
};

}  // namespace helicon::text::jinja
