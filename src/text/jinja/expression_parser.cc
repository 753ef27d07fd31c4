#include "text/jinja/expression_parser.h"

#include <algorithm>

#include "text/jinja/height.h"

namespace helicon::text::jinja {
namespace {

struct NamedOperator {
  std::string_view symbol;
  Operator operation;
};

Status mark_as_target(Expression& node) {
  switch (node.kind) {
    case ExpressionKind::name:
      static_cast<Name&>(node).is_target = true;
      return ok_status();
    case ExpressionKind::namespace_target:
      return ok_status();
    case ExpressionKind::tuple:
      for (const auto& item : static_cast<TupleExpression&>(node).items)
        HELICON_TRY(mark_as_target(*item));
      return ok_status();
    default:
      return error_at(node.line, "cannot assign to this expression");
  }
}

}  // namespace

Status ExpressionParser::enter() {
  if (nesting_ >= kMaxNesting) return error_at(tokens_.line(), "nested too deeply");
  ++nesting_;
  return ok_status();
}

Result<ExpressionPointer> ExpressionParser::parse_expression(bool with_condition) {
  HELICON_TRY(enter());
  const Nesting nesting(*this);
  HELICON_ASSIGN(ExpressionPointer value, parse_or());
  while (with_condition && tokens_.is_name("if")) {
    auto node = std::make_unique<Conditional>(tokens_.next().line);
    node->then = std::move(value);
    HELICON_ASSIGN(node->condition, parse_or());
    if (tokens_.skip_name("else")) {
      HELICON_ASSIGN(node->otherwise, parse_expression());
    }
    const int below =
        std::max({height_of(node->then), height_of(node->condition), height_of(node->otherwise)});
    HELICON_ASSIGN(value, grown(std::move(node), below));
  }
  return value;
}

Result<ExpressionPointer> ExpressionParser::parse_or() {
  HELICON_ASSIGN(ExpressionPointer first, parse_and());
  if (!tokens_.is_name("or")) return first;
  auto node = std::make_unique<Logic>(first->line);
  node->operands.push_back(std::move(first));
  while (tokens_.skip_name("or")) {
    HELICON_ASSIGN(ExpressionPointer operand, parse_and());
    node->operands.push_back(std::move(operand));
  }
  const int below = height_of(node->operands);
  return grown(std::move(node), below);
}

Result<ExpressionPointer> ExpressionParser::parse_and() {
  HELICON_ASSIGN(ExpressionPointer first, parse_not());
  if (!tokens_.is_name("and")) return first;
  auto node = std::make_unique<Logic>(first->line);
  node->is_and = true;
  node->operands.push_back(std::move(first));
  while (tokens_.skip_name("and")) {
    HELICON_ASSIGN(ExpressionPointer operand, parse_not());
    node->operands.push_back(std::move(operand));
  }
  const int below = height_of(node->operands);
  return grown(std::move(node), below);
}

Result<ExpressionPointer> ExpressionParser::parse_not() {
  if (!tokens_.is_name("not")) return parse_comparison();
  HELICON_TRY(enter());
  const Nesting nesting(*this);
  auto node = std::make_unique<Negation>(tokens_.next().line);
  HELICON_ASSIGN(node->operand, parse_not());
  const int below = height_of(node->operand);
  return grown(std::move(node), below);
}

Result<ExpressionPointer> ExpressionParser::parse_comparison() {
  struct ComparisonSign {
    std::string_view symbol;
    Comparison comparison;
  };
  constexpr ComparisonSign signs[] = {
      {"==", Comparison::equal},  {"!=", Comparison::not_equal},
      {"<", Comparison::less},    {"<=", Comparison::less_equal},
      {">", Comparison::greater}, {">=", Comparison::greater_equal}};
  HELICON_ASSIGN(ExpressionPointer first, parse_sum());
  auto node = std::make_unique<ComparisonChain>(first->line);
  while (true) {
    Comparison comparison = Comparison::in;
    const auto sign =
        std::find_if(std::begin(signs), std::end(signs),
                     [&](const ComparisonSign& s) { return tokens_.is_symbol(s.symbol); });
    if (sign != std::end(signs)) {
      comparison = sign->comparison;
    } else if (tokens_.is_name("not") && tokens_.look().kind == TokenKind::name &&
               tokens_.look().text == "in") {
      tokens_.next();
      comparison = Comparison::not_in;
    } else if (!tokens_.is_name("in")) {
      break;
    }
    tokens_.next();
    HELICON_ASSIGN(ExpressionPointer operand, parse_sum());
    node->others.emplace_back(comparison, std::move(operand));
  }
  if (node->others.empty()) return first;
  int below = height_of(first);
  for (const auto& [comparison, operand] : node->others)
    below = std::max(below, height_of(operand));
  node->first = std::move(first);
  return grown(std::move(node), below);
}

template <typename Operators>
Result<ExpressionPointer> ExpressionParser::parse_binary(const Operators& operators,
                                                         Parsed (ExpressionParser::*operand)()) {
  HELICON_ASSIGN(ExpressionPointer left, (this->*operand)());
  while (true) {
    const auto found =
        std::find_if(std::begin(operators), std::end(operators),
                     [&](const NamedOperator& o) { return tokens_.is_symbol(o.symbol); });
    if (found == std::end(operators)) return left;
    auto node = std::make_unique<Binary>(tokens_.next().line);
    node->operation = found->operation;
    node->left = std::move(left);
    HELICON_ASSIGN(node->right, (this->*operand)());
    const int below = std::max(height_of(node->left), height_of(node->right));
    HELICON_ASSIGN(left, grown(std::move(node), below));
  }
}

Result<ExpressionPointer> ExpressionParser::parse_sum() {
  constexpr NamedOperator operators[] = {{"+", Operator::add}, {"-", Operator::subtract}};
  return parse_binary(operators, &ExpressionParser::parse_concatenation);
}

Result<ExpressionPointer> ExpressionParser::parse_concatenation() {
  HELICON_ASSIGN(ExpressionPointer first, parse_product());
  if (!tokens_.is_symbol("~")) return first;
  auto node = std::make_unique<Concatenation>(first->line);
  node->operands.push_back(std::move(first));
  while (tokens_.skip_symbol("~")) {
    HELICON_ASSIGN(ExpressionPointer operand, parse_product());
    node->operands.push_back(std::move(operand));
  }
  const int below = height_of(node->operands);
  return grown(std::move(node), below);
}

Result<ExpressionPointer> ExpressionParser::parse_product() {
  constexpr NamedOperator operators[] = {{"*", Operator::multiply},
                                         {"/", Operator::divide},
                                         {"//", Operator::floor_divide},
                                         {"%", Operator::modulo}};
  return parse_binary(operators, &ExpressionParser::parse_power);
}

Result<ExpressionPointer> ExpressionParser::parse_power() {
  // Unlike in Python it binds to the left.
  constexpr NamedOperator operators[] = {{"**", Operator::power}};
  return parse_binary(operators, &ExpressionParser::parse_factor);
}

Result<ExpressionPointer> ExpressionParser::parse_unary(bool with_filters) {
  HELICON_TRY(enter());
  const Nesting nesting(*this);
  ExpressionPointer node;
  if (tokens_.is_symbol("-") || tokens_.is_symbol("+")) {
    auto sign = std::make_unique<Sign>(tokens_.line());
    sign->is_minus = tokens_.next().text == "-";
    HELICON_ASSIGN(sign->operand, parse_unary(false));
    const int below = height_of(sign->operand);
    HELICON_ASSIGN(node, grown(std::move(sign), below));
  } else {
    HELICON_ASSIGN(node, parse_primary());
  }
  HELICON_ASSIGN(node, parse_postfix(std::move(node)));
  if (!with_filters) return node;
  return parse_filters_and_tests(std::move(node));
}

Result<ExpressionPointer> ExpressionParser::parse_primary(bool with_namespace) {
  const int line = tokens_.line();
  auto constant = std::make_unique<Constant>(line);
  switch (tokens_.current().kind) {
    case TokenKind::name:
      return parse_name(with_namespace);
    case TokenKind::string: {
      std::string text;
      while (tokens_.is(TokenKind::string)) text += tokens_.next().text;  // 'a' 'b' is 'ab'
      constant->value = make_constant(std::move(text));
      return ExpressionPointer(std::move(constant));
    }
    case TokenKind::integer:
      constant->value = Value::integer(tokens_.next().integer);
      return ExpressionPointer(std::move(constant));
    case TokenKind::floating:
      constant->value = Value::floating(tokens_.next().floating);
      return ExpressionPointer(std::move(constant));
    default:
      break;
  }
  if (tokens_.is_symbol("(")) return parse_parenthesis();
  if (tokens_.is_symbol("[")) return parse_list();
  if (tokens_.is_symbol("{")) return parse_dict();
  return tokens_.unexpected("an expression");
}

Result<ExpressionPointer> ExpressionParser::parse_name(bool with_namespace) {
  const int line = tokens_.line();
  const std::string name = tokens_.next().text;
  const bool is_true = name == "true" || name == "True";
  if (is_true || name == "false" || name == "False" || name == "none" || name == "None") {
    auto constant = std::make_unique<Constant>(line);
    constant->value = name == "none" || name == "None" ? Value::none() : Value::boolean(is_true);
    return ExpressionPointer(std::move(constant));
  }
  if (with_namespace && tokens_.skip_symbol(".")) {
    auto target = std::make_unique<NamespaceTarget>(line);
    target->name = name;
    HELICON_ASSIGN(target->attribute, tokens_.expect_name());
    return ExpressionPointer(std::move(target));
  }
  auto node = std::make_unique<Name>(line);
  node->name = name;
  return ExpressionPointer(std::move(node));
}

Result<ExpressionPointer> ExpressionParser::parse_parenthesis() {
  HELICON_TRY(tokens_.expect_symbol("("));
  if (tokens_.is_symbol(")")) {
    auto empty = std::make_unique<TupleExpression>(tokens_.next().line);
    return ExpressionPointer(std::move(empty));
  }
  HELICON_ASSIGN(ExpressionPointer node, parse_tuple());
  HELICON_TRY(tokens_.expect_symbol(")"));
  return node;
}

Result<Expressions> ExpressionParser::parse_items(std::string_view close) {
  Expressions items;
  while (!tokens_.is_symbol(close)) {
    if (!items.empty()) HELICON_TRY(tokens_.expect_symbol(","));
    if (tokens_.is_symbol(close)) break;
    HELICON_ASSIGN(ExpressionPointer item, parse_expression());
    items.push_back(std::move(item));
  }
  HELICON_TRY(tokens_.expect_symbol(close));
  return items;
}

Result<ExpressionPointer> ExpressionParser::parse_list() {
  auto node = std::make_unique<ListExpression>(tokens_.next().line);
  HELICON_ASSIGN(node->items, parse_items("]"));
  const int below = height_of(node->items);
  return grown(std::move(node), below);
}

Result<ExpressionPointer> ExpressionParser::parse_dict() {
  auto node = std::make_unique<DictExpression>(tokens_.next().line);
  int below = 0;
  while (!tokens_.is_symbol("}")) {
    if (!node->entries.empty()) HELICON_TRY(tokens_.expect_symbol(","));
    if (tokens_.is_symbol("}")) break;
    HELICON_ASSIGN(ExpressionPointer key, parse_expression());
    HELICON_TRY(tokens_.expect_symbol(":"));
    HELICON_ASSIGN(ExpressionPointer value, parse_expression());
    below = std::max({below, height_of(key), height_of(value)});
    node->entries.emplace_back(std::move(key), std::move(value));
  }
  HELICON_TRY(tokens_.expect_symbol("}"));
  return grown(std::move(node), below);
}

bool ExpressionParser::at_tuple_end(End end) const {
  if (tokens_.is(TokenKind::variable_end) || tokens_.is(TokenKind::block_end) ||
      tokens_.is_symbol(")"))
    return true;
  return (end == End::in && tokens_.is_name("in")) ||
         (end == End::recursive && tokens_.is_name("recursive"));
}

Result<ExpressionPointer> ExpressionParser::parse_tuple(bool with_condition, End end) {
  if (at_tuple_end(end)) return tokens_.unexpected("an expression");
  const int line = tokens_.line();
  HELICON_ASSIGN(ExpressionPointer first, parse_expression(with_condition));
  if (!tokens_.is_symbol(",")) return first;
  auto node = std::make_unique<TupleExpression>(line);
  node->items.push_back(std::move(first));
  while (tokens_.skip_symbol(",") && !at_tuple_end(end)) {
    HELICON_ASSIGN(ExpressionPointer item, parse_expression(with_condition));
    node->items.push_back(std::move(item));
  }
  const int below = height_of(node->items);
  return grown(std::move(node), below);
}

Result<ExpressionPointer> ExpressionParser::parse_target(End end, bool with_namespace) {
  const int line = tokens_.line();
  HELICON_ASSIGN(ExpressionPointer target, parse_primary(with_namespace));
  if (tokens_.is_symbol(",")) {
    auto node = std::make_unique<TupleExpression>(line);
    node->items.push_back(std::move(target));
    while (tokens_.skip_symbol(",") && !at_tuple_end(end)) {
      HELICON_ASSIGN(ExpressionPointer item, parse_primary(with_namespace));
      node->items.push_back(std::move(item));
    }
    const int below = height_of(node->items);
    HELICON_ASSIGN(target, grown(std::move(node), below));
  }
  HELICON_TRY(mark_as_target(*target));
  return target;
}

}  // namespace helicon::text::jinja
