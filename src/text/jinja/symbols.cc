#include "text/jinja/symbols.h"

#include "text/jinja/walk.h"

namespace helicon::text::jinja {

void Symbols::define(const std::string& name, Load::Kind load) {
  const auto [entry, is_new] = variables_.try_emplace(name);
  if (is_new) entry->second.slot = layout_.slots++;
  entry->second.load = load;
}

void Symbols::load(const std::string& name) {
  if (!knows(name)) define(name, Load::Kind::from_context);
}

void Symbols::store(const std::string& name) {
  if (stores_.insert(name).second) store_log_.push_back(name);
  if (variables_.contains(name)) return;
  const bool is_outside = parent_ != nullptr && parent_->knows(name);
  define(name, is_outside ? Load::Kind::from_outer : Load::Kind::nothing);
}

void Symbols::declare(const std::string& name) {
  if (stores_.insert(name).second) store_log_.push_back(name);
  define(name, Load::Kind::nothing);
  variables_[name].is_parameter = true;
}

void Symbols::declare_targets(const Expression& target) {
  if (target.kind == ExpressionKind::name) declare(static_cast<const Name&>(target).name);
  if (target.kind != ExpressionKind::tuple) return;
  for (const auto& item : static_cast<const TupleExpression&>(target).items) declare_targets(*item);
}

bool Symbols::knows(const std::string& name) const {
  return variables_.contains(name) || (parent_ != nullptr && parent_->knows(name));
}

Reference Symbols::find(const std::string& name) const {
  Reference reference;
  const Symbols* scope = this;
  for (; scope->parent_ != nullptr && !scope->variables_.contains(name); scope = scope->parent_) {
    if (&scope->layout_ != &scope->parent_->layout_) ++reference.hops;
  }
  const auto found = scope->variables_.find(name);
  if (found != scope->variables_.end()) reference.slot = found->second.slot;
  return reference;
}

Loads Symbols::loads() const {
  Loads loads;
  for (const auto& [name, variable] : variables_) {
    if (variable.is_parameter) continue;
    Load load{variable.slot, variable.load, {}, {}};
    if (variable.load == Load::Kind::from_context) load.name = name;
    if (variable.load == Load::Kind::from_outer) {
      load.outer = parent_->find(name);
      if (&layout_ != &parent_->layout_) ++load.outer.hops;
    }
    loads.push_back(std::move(load));
  }
  return loads;
}

void Symbols::visit(const Block& block) {
  for (const auto& statement : block) visit(*statement);
}

void Symbols::visit(const Expression* expression) {
  if (expression == nullptr) return;
  if (expression->kind == ExpressionKind::name) {
    const auto& node = static_cast<const Name&>(*expression);
    return node.is_target ? store(node.name) : load(node.name);
  }
  if (expression->kind == ExpressionKind::namespace_target) {
    return load(static_cast<const NamespaceTarget&>(*expression).name);
  }
  for_each_child(*expression, [&](const Expression& child) { visit(&child); });
}

void Symbols::visit(const Statement& statement) {
  switch (statement.kind) {
    case StatementKind::output:
      return visit(static_cast<const Output&>(statement).expression.get());
    case StatementKind::assign:
      visit(static_cast<const Assign&>(statement).value.get());
      return visit(static_cast<const Assign&>(statement).target.get());
    case StatementKind::assign_block:
      return visit(static_cast<const AssignBlock&>(statement).target.get());
    case StatementKind::conditional:
      return visit_if(static_cast<const If&>(statement));
    case StatementKind::loop:
      return visit(static_cast<const For&>(statement).iterable.get());
    case StatementKind::macro:
      return store(static_cast<const Macro&>(statement).signature.name);
    case StatementKind::call_block:
      return visit(static_cast<const CallBlock&>(statement).call.get());
    case StatementKind::filter_block:
      return visit(static_cast<const FilterBlock&>(statement).filter.get());
    case StatementKind::with:
      for (const auto& [target, value] : static_cast<const With&>(statement).assignments)
        visit(value.get());
      return;
    case StatementKind::break_loop:
    case StatementKind::continue_loop:
    case StatementKind::unavailable:
      return;
  }
}

// What is first set in a branch may not be set at all: it begins with what it would be without.
void Symbols::visit_if(const If& node) {
  const size_t before = store_log_.size();
  for (const auto& [condition, body] : node.branches) {
    visit(condition.get());
    visit(body);
  }
  visit(node.otherwise);
  for (size_t i = before; i < store_log_.size(); ++i) {
    Variable& variable = variables_[store_log_[i]];
    if (variable.is_parameter) continue;
    const bool is_outside = parent_ != nullptr && parent_->knows(store_log_[i]);
    variable.load = is_outside ? Load::Kind::from_outer : Load::Kind::from_context;
  }
}

}  // namespace helicon::text::jinja
