// Whether an encoder, or what it is to work on, may be loaded.
#pragma once

#include <fmt/format.h>

#include <cstddef>

#include "base/memory_limit.h"
#include "base/result.h"

namespace helicon::encoders {

// Error: out_of_memory, with the numbers; `what` is "the vision tower".
inline Status check_memory(const char* what, size_t bytes) {
  const uint64_t available = unclaimed_memory();
  if (bytes <= available) return ok_status();
  return Error{ErrorCode::out_of_memory,
               fmt::format("{} does not fit: {:.2f} GB are needed, {:.2f} GB available", what,
                           static_cast<double>(bytes) / 1e9, static_cast<double>(available) / 1e9)};
}

}  // namespace helicon::encoders
