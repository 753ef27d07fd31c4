#include "text/jinja/macro.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/evaluator.h"
#include "text/jinja/representation.h"

namespace helicon::text::jinja {
namespace {

// Takes the keyword argument of that name out; missing if there is none.
Value take_named(Arguments& arguments, std::string_view name) {
  const auto found = std::find_if(arguments.named.begin(), arguments.named.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  if (found == arguments.named.end()) return Value();
  Value value = std::move(found->second);
  arguments.named.erase(found);
  return value;
}

std::string name_of(const MacroSignature& signature) {
  return signature.name.empty() ? "None" : string_repr(signature.name);
}

}  // namespace

std::optional<Value> MacroValue::attribute(Sandbox& sandbox, std::string_view name) {
  if (name == "name")
    return signature_.name.empty() ? Value::none() : make_string(sandbox, signature_.name);
  if (name == "arguments") {
    std::vector<Value> names;
    for (const auto& parameter : signature_.parameters)
      names.push_back(make_string(sandbox, parameter->name));
    return make_tuple(sandbox, std::move(names));
  }
  if (name == "catch_kwargs") return Value::boolean(signature_.uses_kwargs);
  if (name == "catch_varargs") return Value::boolean(signature_.uses_varargs);
  if (name == "caller") return Value::boolean(signature_.uses_caller);
  return std::nullopt;
}

Result<Value> MacroValue::call(Sandbox& sandbox, Arguments arguments) {
  HELICON_TRY(sandbox.check());
  return evaluator_.call_macro(signature_, defined_in_, std::move(arguments));
}

std::string MacroValue::representation(Sandbox& /*sandbox*/) {
  return fmt::format("<Macro {}>",
                     signature_.name.empty() ? "anonymous" : string_repr(signature_.name));
}

Status Evaluator::bind_parameters(const MacroSignature& signature, Frame& frame,
                                  Arguments arguments) {
  const auto& parameters = signature.parameters;
  const size_t given = arguments.positional.size();
  bool found_caller = given >= parameters.size() && signature.explicit_caller;
  for (size_t i = 0; i < parameters.size(); ++i) {
    Value& target = variable(parameters[i]->reference, frame);
    if (i < given) {
      target = std::move(arguments.positional[i]);
    } else {
      target = take_named(arguments, parameters[i]->name);
      found_caller = found_caller || parameters[i]->name == "caller";
    }
  }
  if (signature.uses_caller && !found_caller) {
    Value caller = take_named(arguments, "caller");
    if (caller.is_missing() || caller.is(Kind::none)) caller = make_undefined("No caller defined");
    variable(signature.caller, frame) = std::move(caller);
  }
  if (signature.uses_kwargs) {
    std::vector<Dict::Entry> entries;
    for (auto& [name, value] : arguments.named)
      entries.emplace_back(make_string(sandbox_, name), std::move(value));
    variable(signature.kwargs, frame) = Dict::make(&sandbox_, std::move(entries));
  } else if (!arguments.named.empty()) {
    return template_error(fmt::format("macro {} takes no keyword argument {}", name_of(signature),
                                      string_repr(arguments.named[0].first.substr(0, 100))));
  }
  if (signature.uses_varargs) {
    const size_t used = std::min(given, parameters.size());
    std::vector<Value> rest(arguments.positional.begin() + static_cast<std::ptrdiff_t>(used),
                            arguments.positional.end());
    variable(signature.varargs, frame) = make_tuple(sandbox_, std::move(rest));
  } else if (given > parameters.size()) {
    return template_error(fmt::format("macro {} takes not more than {} argument(s)",
                                      name_of(signature), parameters.size()));
  }
  const size_t without_default = parameters.size() - signature.defaults.size();
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!variable(parameters[i]->reference, frame).is_missing()) continue;
    Value value = make_undefined(
        fmt::format("parameter {} was not provided", string_repr(parameters[i]->name)));
    if (i >= without_default) {
      HELICON_ASSIGN(value, evaluate(*signature.defaults[i - without_default], frame));
    }
    variable(parameters[i]->reference, frame) = std::move(value);
  }
  return ok_status();
}

}  // namespace helicon::text::jinja
