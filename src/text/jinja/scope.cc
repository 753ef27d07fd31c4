#include "text/jinja/scope.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "text/jinja/lexer.h"
#include "text/jinja/symbols.h"
#include "text/jinja/walk.h"

namespace helicon::text::jinja {
namespace {

// Where in the template something stands, as far as it matters for what is allowed there.
struct Place {
  const Symbols& symbols;
  bool in_loop = false;      // of this function
  bool in_any_loop = false;  // also further out
  bool is_conditional =
      false;  // directly below a condition: unknown filters are found out when used
};

bool uses_name(const Block& body, std::string_view wanted) {
  bool is_set = false, is_used = false;
  for_each_name(body, [&](const Name& name) {
    if (name.name != wanted) return;
    if (name.is_target) {
      is_set = true;
    } else if (!is_set) {
      is_used = true;
    }
  });
  return is_used;
}

class Resolver {
 public:
  Status resolve(Tree& tree) {
    Symbols symbols(nullptr, tree.layout);
    symbols.visit(tree.body);
    tree.loads = symbols.loads();
    return resolve(tree.body, Place{symbols});
  }

 private:
  Status resolve(Block& block, const Place& place) {
    for (const auto& statement : block) HELICON_TRY(resolve(*statement, place));
    return ok_status();
  }

  Status resolve(const ExpressionPointer& expression, const Place& place) {
    return expression ? resolve(*expression, place) : ok_status();
  }

  Status resolve(Expression& expression, Place place) {
    switch (expression.kind) {
      case ExpressionKind::name:
        return resolve_name(static_cast<Name&>(expression), place);
      case ExpressionKind::namespace_target: {
        auto& node = static_cast<NamespaceTarget&>(expression);
        node.reference = place.symbols.find(node.name);
        return ok_status();
      }
      case ExpressionKind::conditional:
        place.is_conditional = true;
        break;
      case ExpressionKind::filter: {
        const auto& node = static_cast<const Filter&>(expression);
        if (node.builtin == nullptr && !place.is_conditional) {
          return error_at(node.line,
                          fmt::format("there is no filter '{}'", node.name.substr(0, 60)));
        }
        break;
      }
      case ExpressionKind::test: {
        const auto& node = static_cast<const Test&>(expression);
        if (node.builtin == nullptr && !place.is_conditional) {
          return error_at(node.line, fmt::format("there is no test '{}'", node.name.substr(0, 60)));
        }
        break;
      }
      default:
        break;
    }
    std::optional<Error> error;
    for_each_child(expression, [&](Expression& child) {
      if (error) return;
      if (auto status = resolve(child, place); !status.ok()) error = status.error();
    });
    if (error) return *std::move(error);
    return ok_status();
  }

  static Status resolve_name(Name& name, const Place& place) {
    if (name.is_target && name.name == "loop" && place.in_any_loop) {
      return error_at(name.line, "cannot assign to the special variable 'loop' inside a loop");
    }
    name.reference = place.symbols.find(name.name);
    return ok_status();
  }

  Status resolve(Statement& statement, const Place& place) {
    switch (statement.kind) {
      case StatementKind::output:
        return resolve(static_cast<Output&>(statement).expression, place);
      case StatementKind::assign:
        HELICON_TRY(resolve(static_cast<Assign&>(statement).value, place));
        return resolve(static_cast<Assign&>(statement).target, place);
      case StatementKind::assign_block:
        return resolve_assign_block(static_cast<AssignBlock&>(statement), place);
      case StatementKind::conditional:
        return resolve_if(static_cast<If&>(statement), place);
      case StatementKind::loop:
        return resolve_for(static_cast<For&>(statement), place);
      case StatementKind::macro: {
        auto& node = static_cast<Macro&>(statement);
        node.reference = place.symbols.find(node.signature.name);
        return resolve_signature(node.signature, place);
      }
      case StatementKind::call_block:
        HELICON_TRY(resolve(static_cast<CallBlock&>(statement).call, place));
        return resolve_signature(static_cast<CallBlock&>(statement).signature, place);
      case StatementKind::filter_block:
        return resolve_filter_block(static_cast<FilterBlock&>(statement), place);
      case StatementKind::with:
        return resolve_with(static_cast<With&>(statement), place);
      case StatementKind::break_loop:
      case StatementKind::continue_loop:
        if (!place.in_loop) return error_at(statement.line, "break or continue outside of a loop");
        return ok_status();
      case StatementKind::unavailable:
        return ok_status();
    }
    return ok_status();
  }

  // The same place in a scope within.
  static Place within(const Symbols& symbols, const Place& place) {
    return Place{symbols, place.in_loop, place.in_any_loop, false};
  }

  Status resolve_assign_block(AssignBlock& node, const Place& place) {
    HELICON_TRY(resolve(node.target, place));
    Symbols symbols(&place.symbols, place.symbols.layout());
    symbols.visit(node.body);
    symbols.visit(node.filter.get());
    node.loads = symbols.loads();
    HELICON_TRY(resolve(node.filter, within(symbols, place)));
    return resolve(node.body, within(symbols, place));
  }

  Status resolve_if(If& node, Place place) {
    place.is_conditional = true;
    for (auto& [condition, body] : node.branches) {
      HELICON_TRY(resolve(condition, place));
      HELICON_TRY(resolve(body, place));
    }
    return resolve(node.otherwise, place);
  }

  Status resolve_for(For& node, const Place& place) {
    HELICON_TRY(resolve(node.iterable, place));
    if (node.is_recursive) place.symbols.layout().is_captured = true;
    FunctionLayout& layout = node.is_recursive ? node.layout : place.symbols.layout();

    Symbols body(&place.symbols, layout);
    body.declare("loop");
    body.declare_targets(*node.target);
    body.visit(node.body);
    node.loads = body.loads();
    node.loop = body.find("loop");
    // `loop` itself is not a name that the target may take.
    HELICON_TRY(resolve(node.target, Place{body, true, true}));
    HELICON_TRY(resolve(node.body, Place{body, true, true}));

    if (node.condition) {
      Symbols condition(&place.symbols, layout);
      condition.declare_targets(*node.condition_target);
      condition.visit(node.condition.get());
      node.condition_loads = condition.loads();
      HELICON_TRY(resolve(node.condition_target, Place{condition}));
      HELICON_TRY(resolve(node.condition, Place{condition}));
    }

    Symbols otherwise(&place.symbols, layout);
    otherwise.visit(node.otherwise);
    node.otherwise_loads = otherwise.loads();
    return resolve(node.otherwise, Place{otherwise, place.in_loop && !node.is_recursive, true});
  }

  Status resolve_signature(MacroSignature& signature, const Place& place) {
    place.symbols.layout().is_captured = true;
    Symbols symbols(&place.symbols, signature.layout);
    const auto is_parameter = [&](std::string_view name) {
      return std::any_of(signature.parameters.begin(), signature.parameters.end(),
                         [&](const auto& parameter) { return parameter->name == name; });
    };
    for (const auto& parameter : signature.parameters) symbols.declare(parameter->name);
    for (const auto& value : signature.defaults) symbols.visit(value.get());
    symbols.visit(signature.body);
    signature.explicit_caller = is_parameter("caller");
    signature.uses_caller = uses_name(signature.body, "caller");
    if (signature.uses_caller && signature.explicit_caller) {
      const size_t without_default = signature.parameters.size() - signature.defaults.size();
      for (size_t i = 0; i < without_default; ++i) {
        if (signature.parameters[i]->name == "caller") {
          return error_at(signature.line, "the parameter 'caller' must have a default");
        }
      }
    }
    const auto declare_special = [&](std::string_view name, bool is_used, Reference& reference) {
      const bool declares = is_used && !is_parameter(name);
      if (declares) {
        symbols.declare(std::string(name));
        reference = symbols.find(std::string(name));
      }
      return declares;
    };
    declare_special("caller", signature.uses_caller, signature.caller);
    signature.uses_kwargs =
        declare_special("kwargs", uses_name(signature.body, "kwargs"), signature.kwargs);
    signature.uses_varargs =
        declare_special("varargs", uses_name(signature.body, "varargs"), signature.varargs);
    signature.loads = symbols.loads();
    const Place inside{symbols, false, place.in_any_loop};
    for (const auto& parameter : signature.parameters)
      parameter->reference = symbols.find(parameter->name);
    for (const auto& value : signature.defaults) HELICON_TRY(resolve(value, inside));
    return resolve(signature.body, inside);
  }

  Status resolve_filter_block(FilterBlock& node, const Place& place) {
    Symbols symbols(&place.symbols, place.symbols.layout());
    symbols.visit(node.body);
    symbols.visit(node.filter.get());
    node.loads = symbols.loads();
    HELICON_TRY(resolve(node.filter, within(symbols, place)));
    return resolve(node.body, within(symbols, place));
  }

  Status resolve_with(With& node, const Place& place) {
    for (const auto& [target, value] : node.assignments) HELICON_TRY(resolve(value, place));
    Symbols symbols(&place.symbols, place.symbols.layout());
    for (const auto& [target, value] : node.assignments) symbols.declare_targets(*target);
    symbols.visit(node.body);
    node.loads = symbols.loads();
    for (const auto& [target, value] : node.assignments)
      HELICON_TRY(resolve(target, Place{symbols}));
    return resolve(node.body, within(symbols, place));
  }
};

}  // namespace

Status resolve_names(Tree& tree) { return Resolver().resolve(tree); }

}  // namespace helicon::text::jinja
