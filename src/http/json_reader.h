// JSON from strangers: parsed within bounds, and read field by field with errors that name the
// field.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace helicon::http {

struct JsonLimits {
  size_t depth = 64;                 // nested arrays and objects
  size_t memory_bytes = 256u << 20;  // of the parsed document: `[[],[],` grows much on parsing
};

// Errors: invalid_argument (no JSON, bad UTF-8, half a surrogate pair, a key that appears twice in
// one object: two readers could take different ones), too_large (past the memory).
Result<boost::json::value> parse_json(std::string_view text, const JsonLimits& limits = {});

// Each reads a value that the request calls `name`, or fails with invalid_argument and
// parameter = name, saying what it must be and what it is.
Result<std::string_view> read_string(const boost::json::value& value, std::string_view name);
Result<bool> read_bool(const boost::json::value& value, std::string_view name);
Result<const boost::json::array*> read_array(const boost::json::value& value,
                                             std::string_view name);
Result<const boost::json::object*> read_object(const boost::json::value& value,
                                               std::string_view name);
// Within [low, high].
Result<int64_t> read_integer(const boost::json::value& value, std::string_view name, int64_t low,
                             int64_t high);
// Within [low, high], or (low, high] where `open` is set; an integer is a number too.
Result<double> read_number(const boost::json::value& value, std::string_view name, double low,
                           double high, bool open = false);

// Fails with invalid_argument for the first field of `object`, which the request calls `name`
// (empty: it is the whole), that is not among those known. What is null changes nothing and may
// stay.
Status check_known_fields(const boost::json::object& object, std::string_view name,
                          const std::vector<std::string>& known);

// An error about one field: "NAME: WHAT".
Error field_error(ErrorCode code, std::string_view name, std::string_view what);
// "a string", "an array", ...: for messages.
std::string_view kind_of(const boost::json::value& value);

}  // namespace helicon::http
