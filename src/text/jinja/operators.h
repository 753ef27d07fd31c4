// The operators of expressions, on values of every kind.
#pragma once

#include "base/result.h"
#include "text/jinja/numbers.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

Result<Value> apply(Sandbox& sandbox, Operator operation, const Value& left, const Value& right);

// text * count and list * count, in either order, end here.
Result<Value> repeat(Sandbox& sandbox, const Value& value, int64_t count);

// &, <, >, ' and " as HTML entities, unless the value is Markup already.
std::string escape_html(Sandbox& sandbox, const Value& value);
std::string escape_html(std::string_view text);

}  // namespace helicon::text::jinja
