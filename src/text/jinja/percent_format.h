// "%s and %05.1f" % values.
#pragma once

#include "base/result.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// `format` is a string. One that is Markup escapes what it takes in. Errors: as Python's.
Result<Value> percent_format(Sandbox& sandbox, const Value& format, const Value& values);

}  // namespace helicon::text::jinja
