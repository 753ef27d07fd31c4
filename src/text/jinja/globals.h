// The functions every template can call: range, dict, namespace, cycler, joiner, and those that
// transformers adds: raise_exception and strftime_now.
#pragma once

#include <string_view>

#include "base/result.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// The function of that name, or a missing value.
Value make_global(Sandbox& sandbox, std::string_view name);

// What begins with an underscore is no name for an attribute of a namespace.
Status check_namespace_name(std::string_view name);

}  // namespace helicon::text::jinja
