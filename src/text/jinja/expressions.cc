// The half of the evaluator that computes values.
#include <fmt/format.h>

#include "text/jinja/attributes.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/operators.h"
#include "text/jinja/representation.h"
#include "text/jinja/restore.h"

namespace helicon::text::jinja {
Result<Value> call_value(Sandbox& sandbox, const Value& callee, Arguments arguments) {
  if (callee.is(Kind::undefined)) return template_error(callee.undefined().reason);
  if (!callee.is(Kind::instance))
    return template_error(fmt::format("'{}' object is not callable", type_name(callee)));
  return callee.instance().call(sandbox, std::move(arguments));
}

Result<Value> Evaluator::evaluate(const Expression& expression, Frame& frame) {
  const Restore<size_t> depth(depth_, depth_ + 1);
  if (depth_ > sandbox_.limits().depth) {
    return template_error(fmt::format("nested more than {} levels deep", sandbox_.limits().depth));
  }
  if (!sandbox_.charge()) return sandbox_.check().error();
  switch (expression.kind) {
    case ExpressionKind::constant:
      return static_cast<const Constant&>(expression).value;
    case ExpressionKind::name:
      return evaluate_name(static_cast<const Name&>(expression), frame);
    case ExpressionKind::tuple: {
      HELICON_ASSIGN(std::vector<Value> items,
                     evaluate_all(static_cast<const TupleExpression&>(expression).items, frame));
      return make_tuple(sandbox_, std::move(items));
    }
    case ExpressionKind::list: {
      HELICON_ASSIGN(std::vector<Value> items,
                     evaluate_all(static_cast<const ListExpression&>(expression).items, frame));
      return make_list(sandbox_, std::move(items));
    }
    case ExpressionKind::dict:
      return evaluate_dict(static_cast<const DictExpression&>(expression), frame);
    case ExpressionKind::negation: {
      HELICON_ASSIGN(const Value operand,
                     evaluate(*static_cast<const Negation&>(expression).operand, frame));
      return Value::boolean(!is_truthy(operand));
    }
    case ExpressionKind::sign:
      return evaluate_sign(static_cast<const Sign&>(expression), frame);
    case ExpressionKind::binary:
      return evaluate_binary(static_cast<const Binary&>(expression), frame);
    case ExpressionKind::logic:
      return evaluate_logic(static_cast<const Logic&>(expression), frame);
    case ExpressionKind::comparison:
      return evaluate_comparison(static_cast<const ComparisonChain&>(expression), frame);
    case ExpressionKind::concatenation:
      return evaluate_concatenation(static_cast<const Concatenation&>(expression), frame);
    case ExpressionKind::conditional:
      return evaluate_conditional(static_cast<const Conditional&>(expression), frame);
    case ExpressionKind::attribute:
      return evaluate_attribute(static_cast<const AttributeAccess&>(expression), frame);
    case ExpressionKind::item:
      return evaluate_item(static_cast<const ItemAccess&>(expression), frame);
    case ExpressionKind::slice:
      return evaluate_slice(static_cast<const SliceAccess&>(expression), frame);
    case ExpressionKind::call:
      return evaluate_call(static_cast<const Call&>(expression), frame);
    case ExpressionKind::filter:
      return evaluate_filter(static_cast<const Filter&>(expression), frame);
    case ExpressionKind::test:
      return evaluate_test(static_cast<const Test&>(expression), frame);
    case ExpressionKind::namespace_target:
      break;  // only ever assigned to
  }
  return template_error("this cannot be evaluated");
}

Result<Value> Evaluator::evaluate_or_none(const ExpressionPointer& expression, Frame& frame) {
  return expression ? evaluate(*expression, frame) : Value::none();
}

Result<Value> Evaluator::evaluate_name(const Name& node, Frame& frame) {
  const Value& value = variable(node.reference, frame);
  if (!value.is_missing()) return value;
  return make_undefined(fmt::format("'{}' is undefined", node.name));
}

Result<std::vector<Value>> Evaluator::evaluate_all(const Expressions& expressions, Frame& frame) {
  std::vector<Value> values;
  values.reserve(expressions.size());
  for (const auto& expression : expressions) {
    HELICON_ASSIGN(Value value, evaluate(*expression, frame));
    values.push_back(std::move(value));
  }
  return values;
}

Result<Value> Evaluator::evaluate_dict(const DictExpression& node, Frame& frame) {
  std::vector<Dict::Entry> entries;
  for (const auto& [key_node, value_node] : node.entries) {
    HELICON_ASSIGN(Value key, evaluate(*key_node, frame));
    HELICON_ASSIGN(Value value, evaluate(*value_node, frame));
    line_ = node.line;
    HELICON_TRY(check_hashable(sandbox_, key));
    entries.emplace_back(std::move(key), std::move(value));
  }
  return Dict::make(&sandbox_, std::move(entries));
}

Result<Value> Evaluator::evaluate_sign(const Sign& node, Frame& frame) {
  HELICON_ASSIGN(const Value operand, evaluate(*node.operand, frame));
  line_ = node.line;
  if (operand.is(Kind::undefined)) return template_error(operand.undefined().reason);
  if (!operand.is_number()) {
    return template_error(fmt::format("bad operand type for unary {}: '{}'",
                                      node.is_minus ? '-' : '+', type_name(operand)));
  }
  if (node.is_minus) return negate(operand);
  return operand.is(Kind::boolean) ? Value::integer(operand.as_integer()) : operand;
}

Result<Value> Evaluator::evaluate_binary(const Binary& node, Frame& frame) {
  HELICON_ASSIGN(const Value left, evaluate(*node.left, frame));
  HELICON_ASSIGN(const Value right, evaluate(*node.right, frame));
  line_ = node.line;
  return apply(sandbox_, node.operation, left, right);
}

Result<Value> Evaluator::evaluate_logic(const Logic& node, Frame& frame) {
  Value value;
  for (const auto& operand : node.operands) {
    HELICON_ASSIGN(value, evaluate(*operand, frame));
    if (is_truthy(value) != node.is_and) break;
  }
  return value;
}

Result<Value> Evaluator::evaluate_comparison(const ComparisonChain& node, Frame& frame) {
  HELICON_ASSIGN(Value left, evaluate(*node.first, frame));
  for (const auto& [comparison, operand] : node.others) {
    HELICON_ASSIGN(Value right, evaluate(*operand, frame));
    line_ = node.line;
    HELICON_ASSIGN(const bool holds, compare(sandbox_, comparison, left, right));
    if (!holds) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Result<Value> Evaluator::evaluate_concatenation(const Concatenation& node, Frame& frame) {
  TextBuilder out(sandbox_);
  for (const auto& operand : node.operands) {
    HELICON_ASSIGN(const Value value, evaluate(*operand, frame));
    append_str(out, value);
  }
  HELICON_TRY(sandbox_.check());
  return make_string(sandbox_, out.take());
}

Result<Value> Evaluator::evaluate_conditional(const Conditional& node, Frame& frame) {
  HELICON_ASSIGN(const Value condition, evaluate(*node.condition, frame));
  if (is_truthy(condition)) return evaluate(*node.then, frame);
  if (node.otherwise) return evaluate(*node.otherwise, frame);
  return make_undefined(fmt::format(
      "the inline if-expression on line {} evaluated to false and has no else", node.line));
}

Result<Value> Evaluator::evaluate_attribute(const AttributeAccess& node, Frame& frame) {
  HELICON_ASSIGN(const Value object, evaluate(*node.object, frame));
  line_ = node.line;
  return get_attribute(sandbox_, object, node.name);
}

Result<Value> Evaluator::evaluate_item(const ItemAccess& node, Frame& frame) {
  HELICON_ASSIGN(const Value object, evaluate(*node.object, frame));
  HELICON_ASSIGN(const Value key, evaluate(*node.key, frame));
  line_ = node.line;
  return get_item(sandbox_, object, key);
}

Result<Value> Evaluator::evaluate_slice(const SliceAccess& node, Frame& frame) {
  HELICON_ASSIGN(const Value object, evaluate(*node.object, frame));
  HELICON_ASSIGN(const Value start, evaluate_or_none(node.start, frame));
  HELICON_ASSIGN(const Value stop, evaluate_or_none(node.stop, frame));
  HELICON_ASSIGN(const Value step, evaluate_or_none(node.step, frame));
  line_ = node.line;
  return get_slice(sandbox_, object, start, stop, step);
}

Result<Value> Evaluator::evaluate_call(const Call& node, Frame& frame, const Value& caller) {
  HELICON_ASSIGN(const Value callee, evaluate(*node.callee, frame));
  HELICON_ASSIGN(Arguments arguments, evaluate_arguments(node.arguments, frame));
  if (!caller.is_missing()) arguments.named.emplace_back("caller", caller);
  line_ = node.line;
  return call_value(sandbox_, callee, std::move(arguments));
}

Result<Value> Evaluator::evaluate_filter(const Filter& node, Frame& frame) {
  HELICON_ASSIGN(const Value operand,
                 node.operand ? evaluate(*node.operand, frame) : Result<Value>(*block_text_));
  HELICON_ASSIGN(Arguments arguments, evaluate_arguments(node.arguments, frame));
  line_ = node.line;
  if (node.builtin == nullptr)
    return template_error(fmt::format("there is no filter '{}'", node.name.substr(0, 60)));
  return call_builtin(sandbox_, *node.builtin, operand, std::move(arguments));
}

Result<Value> Evaluator::evaluate_test(const Test& node, Frame& frame) {
  HELICON_ASSIGN(const Value operand, evaluate(*node.operand, frame));
  HELICON_ASSIGN(Arguments arguments, evaluate_arguments(node.arguments, frame));
  line_ = node.line;
  if (node.builtin == nullptr)
    return template_error(fmt::format("there is no test '{}'", node.name.substr(0, 60)));
  return call_builtin(sandbox_, *node.builtin, operand, std::move(arguments));
}

Result<Arguments> Evaluator::evaluate_arguments(const CallArguments& nodes, Frame& frame) {
  Arguments arguments;
  HELICON_ASSIGN(arguments.positional, evaluate_all(nodes.positional, frame));
  if (nodes.spread) {
    HELICON_ASSIGN(const Value spread, evaluate(*nodes.spread, frame));
    HELICON_ASSIGN(std::vector<Value> more, to_vector(sandbox_, spread));
    for (Value& value : more) arguments.positional.push_back(std::move(value));
  }
  for (const auto& [name, node] : nodes.named) {
    HELICON_ASSIGN(Value value, evaluate(*node, frame));
    arguments.named.emplace_back(name, std::move(value));
  }
  if (!nodes.spread_named) return arguments;
  HELICON_ASSIGN(const Value spread, evaluate(*nodes.spread_named, frame));
  if (!spread.is(Kind::dict))
    return template_error(
        fmt::format("argument after ** must be a mapping, not {}", type_name(spread)));
  for (const auto& [key, value] : spread.dict().entries()) {
    if (!key.is(Kind::string)) return template_error("keywords must be strings");
    for (const auto& [name, other] : arguments.named) {
      if (name == key.text())
        return template_error(fmt::format("an argument is given twice: {}", name.substr(0, 100)));
    }
    sandbox_.charge(1 + arguments.named.size() / 16);
    arguments.named.emplace_back(key.text(), value);
  }
  return arguments;
}

}  // namespace helicon::text::jinja
