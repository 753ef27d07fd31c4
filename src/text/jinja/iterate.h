// Walking over values, as Python's for does.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// Errors: the value is nothing to walk over. An iterator gives itself.
Result<std::shared_ptr<Iterator>> iterate(Sandbox& sandbox, const Value& value);
bool is_iterable(const Value& value);

// All items that are left.
Result<std::vector<Value>> to_vector(Sandbox& sandbox, const Value& value);

// A generator: `step` gives the next item, or false at the end. It holds what it needs of other
// values, which are nested `depth` deep.
using Step = std::function<Result<bool>(Sandbox&, Value&)>;
Value make_generator(Sandbox& sandbox, int depth, Step step);

}  // namespace helicon::text::jinja
