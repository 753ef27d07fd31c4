// What one rendering of a chat template may use.
#pragma once

#include <cstddef>

namespace helicon::text {

// Past any of these a rendering fails with invalid_argument and says which.
struct TemplateLimits {
  size_t steps =
      5'000'000;  // statements, expressions, iterations; every 16 to 256 bytes of text touched
  size_t depth = 1000;               // expressions inside statements inside macros inside ...
  size_t output_bytes = 64u << 20;   // rendered text, and any one string made on the way
  size_t memory_bytes = 256u << 20;  // all values alive at one time
};

}  // namespace helicon::text
