// json.dumps: what the filter tojson writes.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

struct JsonStyle {
  bool ascii_only = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  // of one level; with it every item has a line of its own
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

// Errors: a value, or a key, that JSON has no form for.
Result<std::string> to_json(Sandbox& sandbox, const Value& value, const JsonStyle& style);

}  // namespace helicon::text::jinja
