// The tests of jinja2: value is name(arguments).
#pragma once

#include <string_view>

#include "text/jinja/builtin.h"

namespace helicon::text::jinja {

// Null if there is no test of that name.
const Builtin* find_test(std::string_view name);

}  // namespace helicon::text::jinja
