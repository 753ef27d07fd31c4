// Runs the tree of a template.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "text/jinja/ast.h"
#include "text/jinja/iterate.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// The variables of one call of a function. Where other functions lie within, the sandbox keeps it.
class Frame : public Kept {
 public:
  Frame(Frame* outer_frame, uint32_t slots) : outer(outer_frame), variables(slots) {}
  void clear() override { variables.clear(); }

  Frame* const outer;  // of the function around this one, where it was defined
  std::vector<Value> variables;
};

class Evaluator {
 public:
  // All of them must outlive the evaluator and every value it made.
  Evaluator(const Tree& tree, const Value& variables, Sandbox& sandbox)
      : tree_(tree), variables_(variables), sandbox_(sandbox) {}

  Result<std::string> run();
  // The line that was being run when run() failed.
  int line() const { return line_; }

  // For the values that are called back: macros and recursive loops.
  Result<Value> call_macro(const MacroSignature& signature, Frame& defined_in, Arguments arguments);
  Result<Value> call_loop(const For& node, Frame& defined_in, const Value& iterable, int64_t depth);

 private:
  enum class Flow { normal, stop_loop, next_round };

  class Activation;

  Result<Flow> execute(const Block& block, Frame& frame);
  Result<Flow> execute(const Statement& statement, Frame& frame);
  Status print(const Output& node, Frame& frame);
  Result<Flow> assign_block(const AssignBlock& node, Frame& frame);
  Result<Flow> choose(const If& node, Frame& frame);
  Result<Flow> loop(const For& node, Frame& frame);
  Result<Flow> walk(const For& node, Frame& frame, const Value& iterable, Frame& defined_in,
                    int64_t depth);
  Result<Value> only_where(const For& node, Frame& frame, const Value& iterable);
  Result<Flow> filter_block(const FilterBlock& node, Frame& frame);
  Result<Flow> with(const With& node, Frame& frame);
  Status define_macro(const Macro& node, Frame& frame);
  Status call_block(const CallBlock& node, Frame& frame);
  Result<Value> make_macro(const MacroSignature& signature, Frame& frame);
  Status bind_parameters(const MacroSignature& signature, Frame& frame, Arguments arguments);

  // Runs a block and gives what it printed.
  Result<Flow> capture(const Block& block, Frame& frame, std::string& text);
  Status write(std::string_view text);
  // What call and filter blocks come to must be a text: unlike {{ }} they do not make it one.
  Status write_block(const Value& value);
  void begin_scope(const Loads& loads, Frame& frame);
  Status assign(const Expression& target, Value value, Frame& frame);
  Status assign_attribute(const NamespaceTarget& target, Value value, Frame& frame);
  static Value& variable(const Reference& reference, Frame& frame);
  Value from_context(std::string_view name);

  Result<Value> evaluate(const Expression& expression, Frame& frame);
  Result<Value> evaluate_or_none(const ExpressionPointer& expression, Frame& frame);
  Result<Value> evaluate_name(const Name& node, Frame& frame);
  Result<std::vector<Value>> evaluate_all(const Expressions& expressions, Frame& frame);
  Result<Value> evaluate_dict(const DictExpression& node, Frame& frame);
  Result<Value> evaluate_sign(const Sign& node, Frame& frame);
  Result<Value> evaluate_binary(const Binary& node, Frame& frame);
  Result<Value> evaluate_logic(const Logic& node, Frame& frame);
  Result<Value> evaluate_comparison(const ComparisonChain& node, Frame& frame);
  Result<Value> evaluate_concatenation(const Concatenation& node, Frame& frame);
  Result<Value> evaluate_conditional(const Conditional& node, Frame& frame);
  Result<Value> evaluate_attribute(const AttributeAccess& node, Frame& frame);
  Result<Value> evaluate_item(const ItemAccess& node, Frame& frame);
  Result<Value> evaluate_slice(const SliceAccess& node, Frame& frame);
  Result<Value> evaluate_call(const Call& node, Frame& frame, const Value& caller = Value());
  Result<Value> evaluate_filter(const Filter& node, Frame& frame);
  Result<Value> evaluate_test(const Test& node, Frame& frame);
  Result<Arguments> evaluate_arguments(const CallArguments& arguments, Frame& frame);
  // A chain of filters over the text of a block.
  Result<Value> filter_text(const Expression& filter, std::string text, Frame& frame);

  const Tree& tree_;
  const Value& variables_;
  Sandbox& sandbox_;
  std::string* out_ = nullptr;
  const Value* block_text_ = nullptr;  // what a filter without operand is applied to
  size_t depth_ = 0;
  int line_ = 1;
};

// Python's call of any value. Errors: it cannot be called; the call's own.
Result<Value> call_value(Sandbox& sandbox, const Value& callee, Arguments arguments);

}  // namespace helicon::text::jinja
