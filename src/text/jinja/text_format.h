// "{0} and {name:>8}".format(...).
#pragma once

#include "base/result.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// `format` is a string; one that is Markup escapes what it takes in. Attributes are looked up by
// the sandbox's own rules. Errors: as Python's.
Result<Value> text_format(Sandbox& sandbox, const Value& format, const Arguments& arguments);

// format(value, "specification"). Errors: a specification that the value's type does not know.
Result<std::string> format_value(Sandbox& sandbox, const Value& value,
                                 std::string_view specification);

}  // namespace helicon::text::jinja
