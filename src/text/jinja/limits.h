// What one rendering of a chat template may use.
#pragma once

#include <cstddef>

namespace helicon::text {

// Past any of these a rendering fails with invalid_argument and says which.
struct TemplateLimits {
  // Statements, expressions, iterations, and every 2 to 64 bytes of text touched: at most a few
  // seconds. There are templates whose work grows with the square of the number of messages.
  size_t steps = 50'000'000;
  size_t depth = 1000;               // expressions inside statements inside macros inside ...
  size_t output_bytes = 64u << 20;   // rendered text, and any one string made on the way
  size_t memory_bytes = 256u << 20;  // all values alive at one time
};

}  // namespace helicon::text
