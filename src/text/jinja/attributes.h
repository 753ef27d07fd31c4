// value.name, value[key] and value[from:to:step], by the rules of jinja2's sandbox.
#pragma once

#include <string_view>

#include "base/result.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// The attribute, or else the item of that name, or else an undefined value. Only undefined values
// have no attributes at all: an error.
Result<Value> get_attribute(Sandbox& sandbox, const Value& value, std::string_view name);
// Only the attribute: a method, or what an instance or a namespace has. No value if there is none.
std::optional<Value> find_attribute(Sandbox& sandbox, const Value& value, std::string_view name);
// The item, or else the attribute of that name, or else an undefined value.
Result<Value> get_item(Sandbox& sandbox, const Value& value, const Value& key);
// Of texts, lists, tuples and ranges; none or an integer each.
Result<Value> get_slice(Sandbox& sandbox, const Value& value, const Value& start, const Value& stop,
                        const Value& step);

// The items of "a.b.0", one after another; an integer is one item, none is the value itself.
// Where `fallback` is given it stands for what is undefined on the way.
Result<Value> get_path(Sandbox& sandbox, Value value, const Value& path,
                       const Value& fallback = Value());

}  // namespace helicon::text::jinja
