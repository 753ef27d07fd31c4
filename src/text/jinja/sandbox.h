// What one rendering has used of its limits, and the owner of what may refer to itself.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "text/jinja/limits.h"

namespace helicon::text::jinja {

inline Error template_error(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message), {}};
}

// An object that values can reach in circles (a namespace, the variables of a macro). The sandbox
// owns these and empties them all before it destroys any.
class Kept {
 public:
  virtual ~Kept() = default;
  virtual void clear() = 0;
};

// A limit once passed stays passed: whoever cannot return an error may carry on with nonsense, for
// the evaluator asks check() before each step.
class Sandbox {
 public:
  explicit Sandbox(const TemplateLimits& limits) : limits_(limits) {}
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Counts work done; false once a limit is passed.
  bool charge(size_t steps = 1);
  // For text that is copied, searched or compared as a whole, and for text whose every character is
  // looked at: both make a step about as long as any other.
  bool charge_text(size_t bytes) { return charge(1 + bytes / 64); }
  bool charge_characters(size_t bytes) { return charge(1 + bytes / 2); }

  // Memory of values, counted from their making to their end.
  void hold(size_t bytes);
  void release(size_t bytes) { memory_ -= bytes; }
  // Asked before a text of that many bytes is made, where its size is not that of its sources.
  Status allow_text(size_t bytes);
  // The same for `count` values.
  Status allow_values(size_t count);

  void fail(std::string message);
  bool failed() const { return failure_.has_value(); }
  Status check() const;

  template <typename T>
  T* keep(std::unique_ptr<T> object) {
    T* const kept = object.get();
    kept_.push_back(std::move(object));
    return kept;
  }

  const TemplateLimits& limits() const { return limits_; }

 private:
  TemplateLimits limits_;
  size_t steps_ = 0;
  size_t memory_ = 0;
  std::optional<Error> failure_;
  std::vector<std::unique_ptr<Kept>> kept_;
};

}  // namespace helicon::text::jinja
