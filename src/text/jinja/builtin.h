// Filters, tests, methods and functions as rows of tables, and how their arguments are bound.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "base/result.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

inline constexpr size_t kMaxParameters = 5;

// The arguments of one call, by the order of the parameters; missing where none was given.
struct Bound {
  std::array<Value, kMaxParameters> values;
  Arguments all;  // of a function that takes whatever comes
  const Value& operator[](size_t index) const { return values[index]; }
  bool has(size_t index) const { return !values[index].is_missing(); }
  const Value& value_or(size_t index, const Value& fallback) const {
    return has(index) ? values[index] : fallback;
  }
};

// `self` is what the filter or test is applied to, or what the method belongs to.
using Function = Result<Value> (*)(Sandbox& sandbox, const Value& self, const Bound& arguments);

struct Builtin {
  std::string_view name;
  // Names of the parameters, those that may be left out after a "?". "/" in front: by position
  // only. "*": whatever comes.
  std::string_view parameters;
  Function function;
};

// Binds the arguments and calls. Errors: too many, too few or unknown arguments; the function's
// own.
Result<Value> call_builtin(Sandbox& sandbox, const Builtin& builtin, const Value& self,
                           Arguments arguments);

// The row of that name, or null. Tables are sorted by name.
const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name);

// What functions want of their arguments; errors name the type that was given instead.
Result<int64_t> integer_argument(const Value& value);
Result<std::string_view> text_argument(const Value& value);

}  // namespace helicon::text::jinja
