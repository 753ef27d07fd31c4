// Equality, order and membership, as Python's ==, <, and in.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// ==. Never an error; once the sandbox has failed the answer means nothing.
bool equal(Sandbox& sandbox, const Value& left, const Value& right);

// left < right. An error for values that Python cannot order.
Result<bool> less(Sandbox& sandbox, const Value& left, const Value& right);

enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };
Result<bool> compare(Sandbox& sandbox, Comparison comparison, const Value& left,
                     const Value& right);

// item in container.
Result<bool> contains(Sandbox& sandbox, const Value& container, const Value& item);

// An order over all hashable values in which those that Python takes for one key are equal.
int compare_keys(const Value& left, const Value& right);
int compare_key(const Value& left, std::string_view right);
// Lists and dicts, and tuples with such in them, cannot be keys.
Status check_hashable(Sandbox& sandbox, const Value& value);

// Sorts stably by `keys`, which are as many as the items. Errors: those of `before`.
using Before = std::function<Result<bool>(const Value&, const Value&)>;
Status sort_by(std::vector<Value>& items, const std::vector<Value>& keys, bool reverse,
               const Before& before);

}  // namespace helicon::text::jinja
