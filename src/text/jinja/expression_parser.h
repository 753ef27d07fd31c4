// Expressions: the lower half of the parser.
#pragma once

#include "base/result.h"
#include "text/jinja/ast.h"
#include "text/jinja/token_stream.h"

namespace helicon::text::jinja {

// Past these a template is refused: they bound the stack that parsing, evaluating and destroying
// its tree need.
inline constexpr int kMaxNesting = 200;
inline constexpr int kMaxHeight = 500;

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  // Where a tuple without parentheses ends besides the end of the tag.
  enum class End { tag, in, recursive };

  Result<ExpressionPointer> parse_expression(bool with_condition = true);
  // One expression, or several with commas between them, which are a tuple.
  Result<ExpressionPointer> parse_tuple(bool with_condition = true, End end = End::tag);
  // What set and for assign to; `with_namespace` allows name.attribute.
  Result<ExpressionPointer> parse_target(End end, bool with_namespace);
  // | name(arguments) | name ..., applied to `operand`, which may be null. Without a "|" before the
  // first where `starts_inline`.
  Result<ExpressionPointer> parse_filters(ExpressionPointer operand, bool starts_inline = false);

  // Nesting of statements and expressions together.
  Status enter();
  void leave() { --nesting_; }

 private:
  using Parsed = Result<ExpressionPointer>;
  Parsed parse_or();
  Parsed parse_and();
  Parsed parse_not();
  Parsed parse_comparison();
  Parsed parse_sum();
  Parsed parse_concatenation();
  Parsed parse_product();
  Parsed parse_power();
  Parsed parse_factor() { return parse_unary(true); }
  Parsed parse_unary(bool with_filters);
  Parsed parse_primary(bool with_namespace = false);
  Parsed parse_name(bool with_namespace);
  Parsed parse_parenthesis();
  Parsed parse_list();
  Parsed parse_dict();
  Parsed parse_postfix(ExpressionPointer operand);
  Parsed parse_filters_and_tests(ExpressionPointer operand);
  Parsed parse_subscript(ExpressionPointer object);
  Parsed parse_bracket(ExpressionPointer object, int line);
  Parsed parse_call(ExpressionPointer callee);
  Parsed parse_test(ExpressionPointer operand);
  Result<CallArguments> parse_arguments();
  Status parse_argument(CallArguments& arguments);
  // Items with commas between them up to `close`.
  Result<Expressions> parse_items(std::string_view close);
  bool at_tuple_end(End end) const;

  template <typename Operators>
  Parsed parse_binary(const Operators& operators, Parsed (ExpressionParser::*operand)());

  TokenStream& tokens_;
  int nesting_ = 0;
};

}  // namespace helicon::text::jinja
