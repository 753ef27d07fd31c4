// Going through a tree.
#pragma once

#include <functional>

#include "text/jinja/ast.h"

namespace helicon::text::jinja {

// The expressions directly below one, in the order of their evaluation.
void for_each_child(const Expression& expression, const std::function<void(Expression&)>& action);

// All names in a block and everything within it, macros and loops too. A target comes before what
// is assigned to it.
void for_each_name(const Block& block, const std::function<void(const Name&)>& action);

}  // namespace helicon::text::jinja
