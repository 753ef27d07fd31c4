// The tree of a parsed template.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/builtin.h"
#include "text/jinja/compare.h"
#include "text/jinja/numbers.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// Where a variable lives: so many functions outwards, and its slot there.
struct Reference {
  uint32_t hops = 0;
  uint32_t slot = 0;
};

enum class ExpressionKind : uint8_t {
  constant,
  name,
  namespace_target,
  tuple,
  list,
  dict,
  negation,  // not
  sign,      // + and -
  binary,
  logic,  // and, or
  comparison,
  concatenation,
  conditional,
  attribute,
  item,
  slice,
  call,
  filter,
  test,
};

struct Expression {
  Expression(ExpressionKind of_kind, int at_line) : kind(of_kind), line(at_line) {}
  virtual ~Expression() = default;
  const ExpressionKind kind;
  const int line;
  int height = 1;  // of the tree below; the parser bounds it
};
using ExpressionPointer = std::unique_ptr<Expression>;
using Expressions = std::vector<ExpressionPointer>;

template <ExpressionKind its_kind>
struct ExpressionOf : Expression {
  explicit ExpressionOf(int at_line) : Expression(its_kind, at_line) {}
};

struct Constant : ExpressionOf<ExpressionKind::constant> {
  using ExpressionOf::ExpressionOf;
  Value value;
};

struct Name : ExpressionOf<ExpressionKind::name> {
  using ExpressionOf::ExpressionOf;
  std::string name;
  bool is_target = false;
  Reference reference;
};

// name.attribute as the target of set.
struct NamespaceTarget : ExpressionOf<ExpressionKind::namespace_target> {
  using ExpressionOf::ExpressionOf;
  std::string name, attribute;
  Reference reference;
};

struct TupleExpression : ExpressionOf<ExpressionKind::tuple> {
  using ExpressionOf::ExpressionOf;
  Expressions items;
};

struct ListExpression : ExpressionOf<ExpressionKind::list> {
  using ExpressionOf::ExpressionOf;
  Expressions items;
};

struct DictExpression : ExpressionOf<ExpressionKind::dict> {
  using ExpressionOf::ExpressionOf;
  std::vector<std::pair<ExpressionPointer, ExpressionPointer>> entries;
};

struct Negation : ExpressionOf<ExpressionKind::negation> {
  using ExpressionOf::ExpressionOf;
  ExpressionPointer operand;
};

struct Sign : ExpressionOf<ExpressionKind::sign> {
  using ExpressionOf::ExpressionOf;
  bool is_minus = false;
  ExpressionPointer operand;
};

struct Binary : ExpressionOf<ExpressionKind::binary> {
  using ExpressionOf::ExpressionOf;
  Operator operation = Operator::add;
  ExpressionPointer left, right;
};

struct Logic : ExpressionOf<ExpressionKind::logic> {
  using ExpressionOf::ExpressionOf;
  bool is_and = false;
  Expressions operands;
};

// first < second == third: each with its neighbour, as in Python.
struct ComparisonChain : ExpressionOf<ExpressionKind::comparison> {
  using ExpressionOf::ExpressionOf;
  ExpressionPointer first;
  std::vector<std::pair<Comparison, ExpressionPointer>> others;
};

struct Concatenation : ExpressionOf<ExpressionKind::concatenation> {
  using ExpressionOf::ExpressionOf;
  Expressions operands;
};

struct Conditional : ExpressionOf<ExpressionKind::conditional> {
  using ExpressionOf::ExpressionOf;
  ExpressionPointer condition, then, otherwise;  // `otherwise` may be null
};

struct AttributeAccess : ExpressionOf<ExpressionKind::attribute> {
  using ExpressionOf::ExpressionOf;
  ExpressionPointer object;
  std::string name;
};

struct ItemAccess : ExpressionOf<ExpressionKind::item> {
  using ExpressionOf::ExpressionOf;
  ExpressionPointer object, key;
};

struct SliceAccess : ExpressionOf<ExpressionKind::slice> {
  using ExpressionOf::ExpressionOf;
  ExpressionPointer object, start, stop, step;  // the last three may be null
};

struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPointer>> named;
  ExpressionPointer spread, spread_named;  // *these, **those; may be null
};

struct Call : ExpressionOf<ExpressionKind::call> {
  using ExpressionOf::ExpressionOf;
  ExpressionPointer callee;
  CallArguments arguments;
};

struct Filter : ExpressionOf<ExpressionKind::filter> {
  using ExpressionOf::ExpressionOf;
  ExpressionPointer operand;  // null: the text of the block that the filter stands for
  std::string name;
  const Builtin* builtin =
      nullptr;  // null: there is no such filter, which only its use makes an error
  CallArguments arguments;
};

struct Test : ExpressionOf<ExpressionKind::test> {
  using ExpressionOf::ExpressionOf;
  ExpressionPointer operand;
  std::string name;
  const Builtin* builtin = nullptr;
  CallArguments arguments;
};

// What a variable is when its scope begins.
struct Load {
  enum class Kind { from_context, from_outer, nothing };
  uint32_t slot = 0;
  Kind kind = Kind::nothing;
  std::string name;  // from_context: of the variable there
  Reference outer;   // from_outer: whose value it starts with
};
using Loads = std::vector<Load>;

// What is called on its own variables: the template, a macro, the body of call, a recursive loop.
struct FunctionLayout {
  uint32_t slots = 0;
  bool is_captured = false;  // other functions lie within: they may outlive the call
};

enum class StatementKind : uint8_t {
  output,
  assign,
  assign_block,
  conditional,
  loop,
  macro,
  call_block,
  filter_block,
  with,
  break_loop,
  continue_loop,
  unavailable,
};

struct Statement {
  Statement(StatementKind of_kind, int at_line) : kind(of_kind), line(at_line) {}
  virtual ~Statement() = default;
  const StatementKind kind;
  const int line;
};
using Block = std::vector<std::unique_ptr<Statement>>;

template <StatementKind its_kind>
struct StatementOf : Statement {
  explicit StatementOf(int at_line) : Statement(its_kind, at_line) {}
};

struct Output : StatementOf<StatementKind::output> {
  using StatementOf::StatementOf;
  std::string text;              // printed first
  ExpressionPointer expression;  // then this, unless it is null
};

struct Assign : StatementOf<StatementKind::assign> {
  using StatementOf::StatementOf;
  ExpressionPointer target, value;
};

struct AssignBlock : StatementOf<StatementKind::assign_block> {
  using StatementOf::StatementOf;
  ExpressionPointer target;
  ExpressionPointer filter;  // a chain of filters that ends in one without operand; may be null
  Block body;
  Loads loads;
};

struct If : StatementOf<StatementKind::conditional> {
  using StatementOf::StatementOf;
  std::vector<std::pair<ExpressionPointer, Block>> branches;
  Block otherwise;
};

struct For : StatementOf<StatementKind::loop> {
  using StatementOf::StatementOf;
  ExpressionPointer target, iterable;
  ExpressionPointer condition;  // may be null; has a target of its own, which is a copy
  ExpressionPointer condition_target;
  bool is_recursive = false;
  Block body, otherwise;
  FunctionLayout layout;  // where recursive
  Reference loop;         // of the variable `loop` in the body
  Loads loads, condition_loads, otherwise_loads;
};

struct MacroSignature {
  std::string name;
  std::vector<std::unique_ptr<Name>> parameters;
  Expressions defaults;  // of the last parameters
  FunctionLayout layout;
  Loads loads;
  Block body;
  int line = 0;
  // Set where the body uses these names without having set them.
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;
  bool explicit_caller = false;  // "caller" is one of the parameters
  Reference caller, kwargs, varargs;
};

struct Macro : StatementOf<StatementKind::macro> {
  using StatementOf::StatementOf;
  MacroSignature signature;
  Reference reference;  // of the variable that holds the macro
};

// Also {% generation %}, which has no call: its text is printed as it is.
struct CallBlock : StatementOf<StatementKind::call_block> {
  using StatementOf::StatementOf;
  std::unique_ptr<Expression> call;
  MacroSignature signature;
};

struct FilterBlock : StatementOf<StatementKind::filter_block> {
  using StatementOf::StatementOf;
  ExpressionPointer filter;
  Block body;
  Loads loads;
};

struct With : StatementOf<StatementKind::with> {
  using StatementOf::StatementOf;
  std::vector<std::pair<ExpressionPointer, ExpressionPointer>> assignments;
  Block body;
  Loads loads;
};

struct Break : StatementOf<StatementKind::break_loop> {
  using StatementOf::StatementOf;
};

struct Continue : StatementOf<StatementKind::continue_loop> {
  using StatementOf::StatementOf;
};

// include, import and extends: there are no other templates, so reaching one is an error.
struct Unavailable : StatementOf<StatementKind::unavailable> {
  using StatementOf::StatementOf;
  std::string tag;
};

struct Tree {
  Block body;
  FunctionLayout layout;
  Loads loads;
};

}  // namespace helicon::text::jinja
