// Decides where each variable of a template lives.
#pragma once

#include "base/result.h"
#include "text/jinja/ast.h"

namespace helicon::text::jinja {

// Fills in every reference, load and layout of the tree. The rules are jinja2's, which decides them
// when it compiles: a name that a scope sets belongs to that scope and begins with the value it has
// outside; one that it only reads is looked up outwards and at last among the render's variables.
// Errors: break outside of a loop, an unknown filter or test (unless only a condition reaches it),
// setting `loop` inside a loop.
Status resolve_names(Tree& tree);

}  // namespace helicon::text::jinja
