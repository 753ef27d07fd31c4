#include "text/jinja/sandbox.h"

#include <fmt/format.h>

#include "text/jinja/value.h"

namespace helicon::text::jinja {

Sandbox::~Sandbox() {
  for (const auto& object : kept_) object->clear();
}

bool Sandbox::charge(size_t steps) {
  steps_ += steps;
  if (steps_ > limits_.steps)
    fail(fmt::format("does not come to an end within {} steps", limits_.steps));
  return !failure_;
}

void Sandbox::hold(size_t bytes) {
  memory_ += bytes;
  if (memory_ > limits_.memory_bytes) {
    fail(fmt::format("its values take more than {} bytes of memory", limits_.memory_bytes));
  }
}

Status Sandbox::allow_text(size_t bytes) {
  if (bytes > limits_.output_bytes) {
    fail(fmt::format("makes a text of more than {} bytes", limits_.output_bytes));
  } else if (memory_ + bytes > limits_.memory_bytes) {
    fail(fmt::format("its values take more than {} bytes of memory", limits_.memory_bytes));
  }
  return check();
}

Status Sandbox::allow_values(size_t count) {
  if (count > limits_.memory_bytes / sizeof(Value) ||
      memory_ + count * sizeof(Value) > limits_.memory_bytes) {
    fail(fmt::format("its values take more than {} bytes of memory", limits_.memory_bytes));
  }
  return check();
}

void Sandbox::fail(std::string message) {
  if (!failure_) failure_ = template_error(std::move(message));
}

Status Sandbox::check() const {
  if (failure_) return *failure_;
  return ok_status();
}

}  // namespace helicon::text::jinja
