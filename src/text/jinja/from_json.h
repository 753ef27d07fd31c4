// The variables of a rendering, out of JSON.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// Errors: an integer over 64 bits, text that is not UTF-8, nesting that is too deep.
Result<Value> from_json(Sandbox& sandbox, const boost::json::value& json);
Result<Value> from_json(Sandbox& sandbox, const boost::json::object& json);

}  // namespace helicon::text::jinja
