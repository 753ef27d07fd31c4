#include "text/jinja/builtin.h"

#include <fmt/format.h>

#include <algorithm>

namespace helicon::text::jinja {
namespace {

struct Parameters {
  std::array<std::string_view, kMaxParameters> names;
  size_t count = 0;
  size_t required = 0;
  bool by_position_only = false;
};

Parameters parse_parameters(std::string_view text) {
  Parameters parameters;
  bool optional = false;
  if (text.starts_with('/')) {
    parameters.by_position_only = true;
    text.remove_prefix(1);
  }
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    std::string_view name = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (name.starts_with('?')) {
      optional = true;
      name.remove_prefix(1);
    }
    parameters.names[parameters.count++] = name;
    if (!optional) ++parameters.required;
  }
  return parameters;
}

Status bind(const Builtin& builtin, Arguments& arguments, Bound& bound) {
  const Parameters parameters = parse_parameters(builtin.parameters);
  if (arguments.positional.size() > parameters.count) {
    return template_error(fmt::format("{}() takes at most {} arguments, but {} were given",
                                      builtin.name, parameters.count, arguments.positional.size()));
  }
  std::move(arguments.positional.begin(), arguments.positional.end(), bound.values.begin());
  for (auto& [name, value] : arguments.named) {
    const auto end = parameters.names.begin() + static_cast<std::ptrdiff_t>(parameters.count);
    const auto found = std::find(parameters.names.begin(), end, name);
    if (found == end || parameters.by_position_only) {
      return template_error(
          fmt::format("{}() takes no keyword argument '{}'", builtin.name, name.substr(0, 100)));
    }
    Value& target = bound.values[static_cast<size_t>(found - parameters.names.begin())];
    if (!target.is_missing()) {
      return template_error(
          fmt::format("{}() got two values for argument '{}'", builtin.name, name));
    }
    target = std::move(value);
  }
  for (size_t i = 0; i < parameters.required; ++i) {
    if (!bound.has(i)) {
      return template_error(
          fmt::format("{}() is missing its argument '{}'", builtin.name, parameters.names[i]));
    }
  }
  return ok_status();
}

}  // namespace

Result<Value> call_builtin(Sandbox& sandbox, const Builtin& builtin, const Value& self,
                           Arguments arguments) {
  Bound bound;
  if (builtin.parameters == "*") {
    bound.all = std::move(arguments);
  } else {
    HELICON_TRY(bind(builtin, arguments, bound));
  }
  return builtin.function(sandbox, self, bound);
}

const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name) {
  const auto found = std::lower_bound(
      table.begin(), table.end(), name,
      [](const Builtin& row, std::string_view wanted) { return row.name < wanted; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

Result<int64_t> integer_argument(const Value& value) {
  if (value.is_integral()) return value.as_integer();
  return template_error(
      fmt::format("'{}' object cannot be interpreted as an integer", type_name(value)));
}

Result<std::string_view> text_argument(const Value& value) {
  if (value.is(Kind::string)) return value.text();
  return template_error(fmt::format("a string is needed, not '{}'", type_name(value)));
}

}  // namespace helicon::text::jinja
