// JSON files of a model folder: read whole, within bounds.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace helicon::weights {

struct JsonLimits {
  size_t depth = 16;
  // Numbers, strings, objects, arrays and the rest together: what a document takes in memory
  // follows from these and from its length.
  size_t values = 1u << 20;
};

// Parses an object. `file` is what errors call the file. Errors: corrupt (no JSON, no object, a key
// twice in one object), too_large (deeper or more values than the limits).
Result<boost::json::object> parse_json_object(std::string_view text, const std::string& file,
                                              const JsonLimits& limits);

}  // namespace helicon::weights
