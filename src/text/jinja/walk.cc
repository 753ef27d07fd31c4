#include "text/jinja/walk.h"

namespace helicon::text::jinja {
namespace {

using Action = std::function<void(Expression&)>;
using NameAction = std::function<void(const Name&)>;

void act(const ExpressionPointer& child, const Action& action) {
  if (child) action(*child);
}

void act(const Expressions& children, const Action& action) {
  for (const auto& child : children) act(child, action);
}

void act(const CallArguments& arguments, const Action& action) {
  act(arguments.positional, action);
  for (const auto& [name, value] : arguments.named) act(value, action);
  act(arguments.spread, action);
  act(arguments.spread_named, action);
}

void names_of(Expression& expression, const NameAction& action) {
  if (expression.kind == ExpressionKind::name) return action(static_cast<const Name&>(expression));
  for_each_child(expression, [&](Expression& child) { names_of(child, action); });
}

void names_of(const ExpressionPointer& expression, const NameAction& action) {
  if (expression) names_of(*expression, action);
}

void names_of(const MacroSignature& signature, const NameAction& action) {
  for (const auto& parameter : signature.parameters) action(*parameter);
  for (const auto& value : signature.defaults) names_of(value, action);
  for_each_name(signature.body, action);
}

void names_of(const Statement& statement, const NameAction& action) {
  switch (statement.kind) {
    case StatementKind::output:
      return names_of(static_cast<const Output&>(statement).expression, action);
    case StatementKind::assign:
      names_of(static_cast<const Assign&>(statement).target, action);
      return names_of(static_cast<const Assign&>(statement).value, action);
    case StatementKind::assign_block: {
      const auto& node = static_cast<const AssignBlock&>(statement);
      names_of(node.target, action);
      names_of(node.filter, action);
      return for_each_name(node.body, action);
    }
    case StatementKind::conditional: {
      const auto& node = static_cast<const If&>(statement);
      for (const auto& [condition, body] : node.branches) {
        names_of(condition, action);
        for_each_name(body, action);
      }
      return for_each_name(node.otherwise, action);
    }
    case StatementKind::loop: {
      const auto& node = static_cast<const For&>(statement);
      names_of(node.target, action);
      names_of(node.iterable, action);
      for_each_name(node.body, action);
      for_each_name(node.otherwise, action);
      return names_of(node.condition, action);
    }
    case StatementKind::macro:
      return names_of(static_cast<const Macro&>(statement).signature, action);
    case StatementKind::call_block: {
      const auto& node = static_cast<const CallBlock&>(statement);
      names_of(node.call, action);
      return names_of(node.signature, action);
    }
    case StatementKind::filter_block:
      for_each_name(static_cast<const FilterBlock&>(statement).body, action);
      return names_of(static_cast<const FilterBlock&>(statement).filter, action);
    case StatementKind::with: {
      const auto& node = static_cast<const With&>(statement);
      for (const auto& [target, value] : node.assignments) names_of(target, action);
      for (const auto& [target, value] : node.assignments) names_of(value, action);
      return for_each_name(node.body, action);
    }
    case StatementKind::break_loop:
    case StatementKind::continue_loop:
    case StatementKind::unavailable:
      return;
  }
}

}  // namespace

void for_each_child(const Expression& expression, const Action& action) {
  switch (expression.kind) {
    case ExpressionKind::constant:
    case ExpressionKind::name:
    case ExpressionKind::namespace_target:
      return;
    case ExpressionKind::tuple:
      return act(static_cast<const TupleExpression&>(expression).items, action);
    case ExpressionKind::list:
      return act(static_cast<const ListExpression&>(expression).items, action);
    case ExpressionKind::dict:
      for (const auto& [key, value] : static_cast<const DictExpression&>(expression).entries) {
        act(key, action);
        act(value, action);
      }
      return;
    case ExpressionKind::negation:
      return act(static_cast<const Negation&>(expression).operand, action);
    case ExpressionKind::sign:
      return act(static_cast<const Sign&>(expression).operand, action);
    case ExpressionKind::binary:
      act(static_cast<const Binary&>(expression).left, action);
      return act(static_cast<const Binary&>(expression).right, action);
    case ExpressionKind::logic:
      return act(static_cast<const Logic&>(expression).operands, action);
    case ExpressionKind::comparison: {
      const auto& node = static_cast<const ComparisonChain&>(expression);
      act(node.first, action);
      for (const auto& [comparison, operand] : node.others) act(operand, action);
      return;
    }
    case ExpressionKind::concatenation:
      return act(static_cast<const Concatenation&>(expression).operands, action);
    case ExpressionKind::conditional: {
      const auto& node = static_cast<const Conditional&>(expression);
      act(node.condition, action);
      act(node.then, action);
      return act(node.otherwise, action);
    }
    case ExpressionKind::attribute:
      return act(static_cast<const AttributeAccess&>(expression).object, action);
    case ExpressionKind::item:
      act(static_cast<const ItemAccess&>(expression).object, action);
      return act(static_cast<const ItemAccess&>(expression).key, action);
    case ExpressionKind::slice: {
      const auto& node = static_cast<const SliceAccess&>(expression);
      act(node.object, action);
      act(node.start, action);
      act(node.stop, action);
      return act(node.step, action);
    }
    case ExpressionKind::call:
      act(static_cast<const Call&>(expression).callee, action);
      return act(static_cast<const Call&>(expression).arguments, action);
    case ExpressionKind::filter:
      act(static_cast<const Filter&>(expression).operand, action);
      return act(static_cast<const Filter&>(expression).arguments, action);
    case ExpressionKind::test:
      act(static_cast<const Test&>(expression).operand, action);
      return act(static_cast<const Test&>(expression).arguments, action);
  }
}

void for_each_name(const Block& block, const NameAction& action) {
  for (const auto& statement : block) names_of(*statement, action);
}

}  // namespace helicon::text::jinja
