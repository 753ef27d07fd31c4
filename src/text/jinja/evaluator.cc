#include "text/jinja/evaluator.h"

#include <fmt/format.h>

#include <optional>

#include "text/jinja/globals.h"
#include "text/jinja/loop.h"
#include "text/jinja/macro.h"
#include "text/jinja/representation.h"
#include "text/jinja/restore.h"

namespace helicon::text::jinja {

// The frame of one call: on the stack, or kept where functions within it may outlive the call.
class Evaluator::Activation {
 public:
  Activation(Sandbox& sandbox, Frame* outer, const FunctionLayout& layout) {
    if (!layout.is_captured) {
      frame_ = &local_.emplace(outer, layout.slots);
      return;
    }
    frame_ = sandbox.keep(std::make_unique<Frame>(outer, layout.slots));
    sandbox.hold(sizeof(Frame) + layout.slots * sizeof(Value));
  }
  Frame& frame() { return *frame_; }

 private:
  std::optional<Frame> local_;
  Frame* frame_;
};

Result<std::string> Evaluator::run() {
  std::string text;
  out_ = &text;
  Activation activation(sandbox_, nullptr, tree_.layout);
  begin_scope(tree_.loads, activation.frame());
  HELICON_TRY(execute(tree_.body, activation.frame()));
  HELICON_TRY(sandbox_.check());
  return text;
}

Result<Evaluator::Flow> Evaluator::execute(const Block& block, Frame& frame) {
  for (const auto& statement : block) {
    HELICON_ASSIGN(const Flow flow, execute(*statement, frame));
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Result<Evaluator::Flow> Evaluator::execute(const Statement& statement, Frame& frame) {
  const Restore<size_t> depth(depth_, depth_ + 1);
  line_ = statement.line;
  if (depth_ > sandbox_.limits().depth) {
    return template_error(fmt::format("nested more than {} levels deep", sandbox_.limits().depth));
  }
  if (!sandbox_.charge()) return sandbox_.check().error();
  switch (statement.kind) {
    case StatementKind::output:
      HELICON_TRY(print(static_cast<const Output&>(statement), frame));
      return Flow::normal;
    case StatementKind::assign: {
      const auto& node = static_cast<const Assign&>(statement);
      HELICON_ASSIGN(Value value, evaluate(*node.value, frame));
      line_ = statement.line;
      HELICON_TRY(assign(*node.target, std::move(value), frame));
      return Flow::normal;
    }
    case StatementKind::assign_block:
      return assign_block(static_cast<const AssignBlock&>(statement), frame);
    case StatementKind::conditional:
      return choose(static_cast<const If&>(statement), frame);
    case StatementKind::loop:
      return loop(static_cast<const For&>(statement), frame);
    case StatementKind::macro:
      HELICON_TRY(define_macro(static_cast<const Macro&>(statement), frame));
      return Flow::normal;
    case StatementKind::call_block:
      HELICON_TRY(call_block(static_cast<const CallBlock&>(statement), frame));
      return Flow::normal;
    case StatementKind::filter_block:
      return filter_block(static_cast<const FilterBlock&>(statement), frame);
    case StatementKind::with:
      return with(static_cast<const With&>(statement), frame);
    case StatementKind::break_loop:
      return Flow::stop_loop;
    case StatementKind::continue_loop:
      return Flow::next_round;
    case StatementKind::unavailable:
      return template_error(fmt::format("'{}' needs another template, and there is none",
                                        static_cast<const Unavailable&>(statement).tag));
  }
  return Flow::normal;
}

Status Evaluator::print(const Output& node, Frame& frame) {
  HELICON_TRY(write(node.text));
  if (!node.expression) return ok_status();
  HELICON_ASSIGN(const Value value, evaluate(*node.expression, frame));
  if (value.is(Kind::string)) return write(value.text());
  const std::string text = to_str(sandbox_, value);
  return write(text);
}

Status Evaluator::write(std::string_view text) {
  sandbox_.charge_text(text.size());
  HELICON_TRY(sandbox_.allow_text(out_->size() + text.size()));
  *out_ += text;
  return ok_status();
}

Status Evaluator::write_block(const Value& value) {
  if (value.is(Kind::string)) return write(value.text());
  return template_error(fmt::format("expected str instance, {} found", type_name(value)));
}

Result<Evaluator::Flow> Evaluator::capture(const Block& block, Frame& frame, std::string& text) {
  const Restore<std::string*> out(out_, &text);
  return execute(block, frame);
}

void Evaluator::begin_scope(const Loads& loads, Frame& frame) {
  for (const Load& load : loads) {
    Value& target = frame.variables[load.slot];
    switch (load.kind) {
      case Load::Kind::from_context:
        target = from_context(load.name);
        break;
      case Load::Kind::from_outer:
        target = variable(load.outer, frame);
        break;
      case Load::Kind::nothing:
        target = Value();
        break;
    }
  }
}

Value& Evaluator::variable(const Reference& reference, Frame& frame) {
  Frame* owner = &frame;
  for (uint32_t i = 0; i < reference.hops; ++i) owner = owner->outer;
  return owner->variables[reference.slot];
}

Value Evaluator::from_context(std::string_view name) {
  if (const Value* const given = variables_.dict().find(name)) return *given;
  return make_global(sandbox_, name);
}

Status Evaluator::assign(const Expression& target, Value value, Frame& frame) {
  if (target.kind == ExpressionKind::name) {
    variable(static_cast<const Name&>(target).reference, frame) = std::move(value);
    return ok_status();
  }
  if (target.kind == ExpressionKind::namespace_target) {
    return assign_attribute(static_cast<const NamespaceTarget&>(target), std::move(value), frame);
  }
  const Expressions& parts = static_cast<const TupleExpression&>(target).items;
  auto items = iterate(sandbox_, value);
  if (!items.ok())
    return template_error(fmt::format("cannot unpack non-iterable {} object", type_name(value)));
  Value item;
  for (size_t i = 0; i < parts.size(); ++i) {
    HELICON_ASSIGN(const bool more, (*items)->next(sandbox_, item));
    if (!more) {
      return template_error(
          fmt::format("not enough values to unpack (expected {}, got {})", parts.size(), i));
    }
    HELICON_TRY(assign(*parts[i], std::move(item), frame));
  }
  HELICON_ASSIGN(const bool more, (*items)->next(sandbox_, item));
  if (more)
    return template_error(fmt::format("too many values to unpack (expected {})", parts.size()));
  return ok_status();
}

Status Evaluator::assign_attribute(const NamespaceTarget& target, Value value, Frame& frame) {
  const Value& holder = variable(target.reference, frame);
  if (!holder.is(Kind::name_space))
    return template_error("cannot assign attribute on non-namespace object");
  HELICON_TRY(check_namespace_name(target.attribute));
  holder.name_space().set(sandbox_, target.attribute, std::move(value));
  return ok_status();
}

Result<Evaluator::Flow> Evaluator::assign_block(const AssignBlock& node, Frame& frame) {
  begin_scope(node.loads, frame);
  std::string text;
  HELICON_ASSIGN(const Flow flow, capture(node.body, frame, text));
  if (flow != Flow::normal) return flow;
  Value value;
  if (node.filter) {
    HELICON_ASSIGN(value, filter_text(*node.filter, std::move(text), frame));
  } else {
    value = make_string(sandbox_, std::move(text));
  }
  HELICON_TRY(assign(*node.target, std::move(value), frame));
  return Flow::normal;
}

Result<Evaluator::Flow> Evaluator::choose(const If& node, Frame& frame) {
  for (const auto& [condition, body] : node.branches) {
    HELICON_ASSIGN(const Value value, evaluate(*condition, frame));
    if (is_truthy(value)) return execute(body, frame);
  }
  return execute(node.otherwise, frame);
}

Result<Evaluator::Flow> Evaluator::loop(const For& node, Frame& frame) {
  HELICON_ASSIGN(const Value iterable, evaluate(*node.iterable, frame));
  line_ = node.line;
  if (!node.is_recursive) return walk(node, frame, iterable, frame, 0);
  HELICON_ASSIGN(const Value text, call_loop(node, frame, iterable, 0));
  HELICON_TRY(write(text.text()));
  return Flow::normal;
}

Result<Value> Evaluator::call_loop(const For& node, Frame& defined_in, const Value& iterable,
                                   int64_t depth) {
  Activation activation(sandbox_, &defined_in, node.layout);
  std::string text;
  const Restore<std::string*> out(out_, &text);
  HELICON_TRY(walk(node, activation.frame(), iterable, defined_in, depth));
  return make_string(sandbox_, std::move(text));
}

Result<Evaluator::Flow> Evaluator::walk(const For& node, Frame& frame, const Value& iterable,
                                        Frame& defined_in, int64_t depth) {
  HELICON_ASSIGN(const Value source,
                 node.condition ? only_where(node, frame, iterable) : Result<Value>(iterable));
  HELICON_ASSIGN(auto items, iterate(sandbox_, source));
  const auto recurse = node.is_recursive ? Recursion{this, &node, &defined_in} : Recursion{};
  const auto state = std::make_shared<Loop>(&sandbox_, source, std::move(items), recurse, depth);
  // What it holds must not outlive the loop: values would hang on one another without end.
  struct Release {
    Loop& loop;
    ~Release() { loop.release(); }
  } const release{*state};
  bool completed_once = false;
  while (true) {
    HELICON_ASSIGN(const bool more, state->advance(sandbox_));
    if (!more) break;
    HELICON_TRY(assign(*node.target, state->current(), frame));
    variable(node.loop, frame) = Value(Kind::instance, state);
    begin_scope(node.loads, frame);
    HELICON_ASSIGN(const Flow flow, execute(node.body, frame));
    if (flow == Flow::stop_loop) break;
    if (flow == Flow::normal) completed_once = true;
    line_ = node.line;
  }
  // As jinja2 has it: also where every round was left by break or continue.
  if (completed_once || node.otherwise.empty()) return Flow::normal;
  begin_scope(node.otherwise_loads, frame);
  return execute(node.otherwise, frame);
}

Result<Value> Evaluator::only_where(const For& node, Frame& frame, const Value& iterable) {
  HELICON_ASSIGN(const auto items, iterate(sandbox_, iterable));
  begin_scope(node.condition_loads, frame);
  return make_generator(
      sandbox_, iterable.depth(),
      [this, &node, &frame, items](Sandbox& sandbox, Value& item) -> Result<bool> {
        while (true) {
          HELICON_ASSIGN(const bool more, items->next(sandbox, item));
          if (!more) return false;
          HELICON_TRY(assign(*node.condition_target, item, frame));
          HELICON_ASSIGN(const Value holds, evaluate(*node.condition, frame));
          if (is_truthy(holds)) return true;
        }
      });
}

Result<Evaluator::Flow> Evaluator::filter_block(const FilterBlock& node, Frame& frame) {
  begin_scope(node.loads, frame);
  std::string text;
  HELICON_ASSIGN(const Flow flow, capture(node.body, frame, text));
  if (flow != Flow::normal) return flow;
  HELICON_ASSIGN(const Value filtered, filter_text(*node.filter, std::move(text), frame));
  HELICON_TRY(write_block(filtered));
  return Flow::normal;
}

Result<Value> Evaluator::filter_text(const Expression& filter, std::string text, Frame& frame) {
  const Value operand = make_string(sandbox_, std::move(text));
  const Restore<const Value*> block_text(block_text_, &operand);
  return evaluate(filter, frame);
}

Result<Evaluator::Flow> Evaluator::with(const With& node, Frame& frame) {
  std::vector<Value> values;
  for (const auto& [target, value] : node.assignments) {
    HELICON_ASSIGN(Value evaluated, evaluate(*value, frame));
    values.push_back(std::move(evaluated));
  }
  begin_scope(node.loads, frame);
  for (size_t i = 0; i < values.size(); ++i) {
    HELICON_TRY(assign(*node.assignments[i].first, std::move(values[i]), frame));
  }
  return execute(node.body, frame);
}

Status Evaluator::define_macro(const Macro& node, Frame& frame) {
  HELICON_ASSIGN(variable(node.reference, frame), make_macro(node.signature, frame));
  return ok_status();
}

Status Evaluator::call_block(const CallBlock& node, Frame& frame) {
  HELICON_ASSIGN(const Value body, make_macro(node.signature, frame));
  Value printed;
  if (node.call) {
    HELICON_ASSIGN(printed, evaluate_call(static_cast<const Call&>(*node.call), frame, body));
  } else {
    HELICON_ASSIGN(printed, call_macro(node.signature, frame, {}));
  }
  return write_block(printed);
}

Result<Value> Evaluator::make_macro(const MacroSignature& signature, Frame& frame) {
  return make_instance<MacroValue>(&sandbox_, *this, signature, frame);
}

Result<Value> Evaluator::call_macro(const MacroSignature& signature, Frame& defined_in,
                                    Arguments arguments) {
  const Restore<size_t> depth(depth_, depth_ + 1);
  Activation activation(sandbox_, &defined_in, signature.layout);
  Frame& frame = activation.frame();
  begin_scope(signature.loads, frame);
  HELICON_TRY(bind_parameters(signature, frame, std::move(arguments)));
  std::string text;
  HELICON_TRY(capture(signature.body, frame, text));
  return make_string(sandbox_, std::move(text));
}

}  // namespace helicon::text::jinja
