// Subscripts, calls, filters and tests: what follows an operand.
#include <algorithm>

#include "text/jinja/expression_parser.h"
#include "text/jinja/filters.h"
#include "text/jinja/height.h"
#include "text/jinja/tests.h"

namespace helicon::text::jinja {

Result<ExpressionPointer> ExpressionParser::parse_postfix(ExpressionPointer operand) {
  while (true) {
    if (tokens_.is_symbol(".") || tokens_.is_symbol("[")) {
      HELICON_ASSIGN(operand, parse_subscript(std::move(operand)));
    } else if (tokens_.is_symbol("(")) {
      HELICON_ASSIGN(operand, parse_call(std::move(operand)));
    } else {
      return operand;
    }
  }
}

Result<ExpressionPointer> ExpressionParser::parse_filters_and_tests(ExpressionPointer operand) {
  while (true) {
    if (tokens_.is_symbol("|")) {
      HELICON_ASSIGN(operand, parse_filters(std::move(operand)));
    } else if (tokens_.is_name("is")) {
      HELICON_ASSIGN(operand, parse_test(std::move(operand)));
    } else if (tokens_.is_symbol("(")) {
      HELICON_ASSIGN(operand, parse_call(std::move(operand)));
    } else {
      return operand;
    }
  }
}

Result<ExpressionPointer> ExpressionParser::parse_subscript(ExpressionPointer object) {
  const int line = tokens_.line();
  const int below = object->height;
  if (tokens_.next().text == ".") {
    if (tokens_.is(TokenKind::name)) {
      auto node = std::make_unique<AttributeAccess>(line);
      node->object = std::move(object);
      node->name = tokens_.next().text;
      return grown(std::move(node), below);
    }
    if (!tokens_.is(TokenKind::integer)) return tokens_.unexpected("a name or number");
    auto key = std::make_unique<Constant>(line);
    key->value = Value::integer(tokens_.next().integer);
    auto node = std::make_unique<ItemAccess>(line);
    node->object = std::move(object);
    node->key = std::move(key);
    return grown(std::move(node), below);
  }
  return parse_bracket(std::move(object), line);
}

// What stands after "[": a key, several as one tuple, or start:stop:step.
Result<ExpressionPointer> ExpressionParser::parse_bracket(ExpressionPointer object, int line) {
  auto slice = std::make_unique<SliceAccess>(line);
  Expressions keys;
  bool is_slice = false;
  while (!tokens_.is_symbol("]")) {
    if (!keys.empty() || is_slice) HELICON_TRY(tokens_.expect_symbol(","));
    if (is_slice) return error_at(line, "a slice must stand alone");
    if (!tokens_.is_symbol(":")) {
      HELICON_ASSIGN(ExpressionPointer key, parse_expression());
      keys.push_back(std::move(key));
    }
    if (!tokens_.skip_symbol(":")) continue;
    if (keys.size() > 1) return error_at(line, "a slice must stand alone");
    is_slice = true;
    if (!keys.empty()) slice->start = std::move(keys[0]);
    const auto ends_here = [&] {
      return tokens_.is_symbol("]") || tokens_.is_symbol(",") || tokens_.is_symbol(":");
    };
    if (!ends_here()) {
      HELICON_ASSIGN(slice->stop, parse_expression());
    }
    if (tokens_.skip_symbol(":") && !ends_here()) {
      HELICON_ASSIGN(slice->step, parse_expression());
    }
  }
  HELICON_TRY(tokens_.expect_symbol("]"));
  if (is_slice) {
    const int below = std::max(
        {object->height, height_of(slice->start), height_of(slice->stop), height_of(slice->step)});
    slice->object = std::move(object);
    return grown(std::move(slice), below);
  }
  auto node = std::make_unique<ItemAccess>(line);
  const int below = std::max(object->height, height_of(keys) + 1);
  node->object = std::move(object);
  if (keys.size() == 1) {
    node->key = std::move(keys[0]);
  } else {
    auto tuple = std::make_unique<TupleExpression>(line);
    tuple->items = std::move(keys);
    node->key = std::move(tuple);
  }
  return grown(std::move(node), below);
}

Status ExpressionParser::parse_argument(CallArguments& arguments) {
  const int line = tokens_.line();
  const auto misplaced = [&] { return error_at(line, "an argument is in the wrong place"); };
  if (tokens_.skip_symbol("*")) {
    if (arguments.spread || arguments.spread_named) return misplaced();
    HELICON_ASSIGN(arguments.spread, parse_expression());
  } else if (tokens_.skip_symbol("**")) {
    if (arguments.spread_named) return misplaced();
    HELICON_ASSIGN(arguments.spread_named, parse_expression());
  } else if (tokens_.is(TokenKind::name) && tokens_.look().kind == TokenKind::symbol &&
             tokens_.look().text == "=") {
    if (arguments.spread_named) return misplaced();
    const std::string name = tokens_.next().text;
    tokens_.next();
    for (const auto& [other, value] : arguments.named) {
      if (other == name) return error_at(line, "an argument is given twice: " + name);
    }
    HELICON_ASSIGN(ExpressionPointer value, parse_expression());
    arguments.named.emplace_back(name, std::move(value));
  } else {
    if (arguments.spread || arguments.spread_named || !arguments.named.empty()) return misplaced();
    HELICON_ASSIGN(ExpressionPointer value, parse_expression());
    arguments.positional.push_back(std::move(value));
  }
  return ok_status();
}

Result<CallArguments> ExpressionParser::parse_arguments() {
  HELICON_TRY(tokens_.expect_symbol("("));
  CallArguments arguments;
  bool first = true;
  while (!tokens_.is_symbol(")")) {
    if (!first) HELICON_TRY(tokens_.expect_symbol(","));
    first = false;
    if (tokens_.is_symbol(")")) break;
    HELICON_TRY(parse_argument(arguments));
  }
  HELICON_TRY(tokens_.expect_symbol(")"));
  return arguments;
}

Result<ExpressionPointer> ExpressionParser::parse_call(ExpressionPointer callee) {
  auto node = std::make_unique<Call>(tokens_.line());
  HELICON_ASSIGN(node->arguments, parse_arguments());
  const int below = std::max(callee->height, height_of(node->arguments));
  node->callee = std::move(callee);
  return grown(std::move(node), below);
}

Result<ExpressionPointer> ExpressionParser::parse_filters(ExpressionPointer operand,
                                                          bool starts_inline) {
  while (starts_inline || tokens_.is_symbol("|")) {
    if (!starts_inline) tokens_.next();
    starts_inline = false;
    auto node = std::make_unique<Filter>(tokens_.line());
    HELICON_ASSIGN(node->name, tokens_.expect_name());
    while (tokens_.skip_symbol(".")) {
      HELICON_ASSIGN(const std::string part, tokens_.expect_name());
      node->name += "." + part;
    }
    node->builtin = find_filter(node->name);
    if (tokens_.is_symbol("(")) {
      HELICON_ASSIGN(node->arguments, parse_arguments());
    }
    const int below = std::max(height_of(operand), height_of(node->arguments));
    node->operand = std::move(operand);
    HELICON_ASSIGN(operand, grown(std::move(node), below));
  }
  return operand;
}

Result<ExpressionPointer> ExpressionParser::parse_test(ExpressionPointer operand) {
  const int line = tokens_.next().line;
  const bool is_negated = tokens_.skip_name("not");
  auto node = std::make_unique<Test>(line);
  HELICON_ASSIGN(node->name, tokens_.expect_name());
  while (tokens_.skip_symbol(".")) {
    HELICON_ASSIGN(const std::string part, tokens_.expect_name());
    node->name += "." + part;
  }
  node->builtin = find_test(node->name);
  const bool starts_operand = tokens_.is(TokenKind::name) || tokens_.is(TokenKind::string) ||
                              tokens_.is(TokenKind::integer) || tokens_.is(TokenKind::floating) ||
                              tokens_.is_symbol("[") || tokens_.is_symbol("{");
  if (tokens_.is_symbol("(")) {
    HELICON_ASSIGN(node->arguments, parse_arguments());
  } else if (starts_operand && !tokens_.is_any_name({"else", "or", "and"})) {
    // One argument may stand without parentheses.
    if (tokens_.is_name("is")) return error_at(tokens_.line(), "tests cannot be chained with is");
    HELICON_ASSIGN(ExpressionPointer argument, parse_primary());
    HELICON_ASSIGN(argument, parse_postfix(std::move(argument)));
    node->arguments.positional.push_back(std::move(argument));
  }
  const int below = std::max(height_of(operand), height_of(node->arguments));
  node->operand = std::move(operand);
  HELICON_ASSIGN(ExpressionPointer test, grown(std::move(node), below));
  if (!is_negated) return test;
  auto negation = std::make_unique<Negation>(line);
  negation->operand = std::move(test);
  return grown(std::move(negation), below + 1);
}

}  // namespace helicon::text::jinja
