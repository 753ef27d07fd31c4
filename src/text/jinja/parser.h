// From the source of a template to its tree.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "text/jinja/ast.h"

namespace helicon::text::jinja {

// The tree with its names resolved. Errors: invalid_argument with the line.
Result<std::unique_ptr<const Tree>> parse(std::string_view source);

}  // namespace helicon::text::jinja
