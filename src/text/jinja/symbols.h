// One scope of a template and the names in it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "text/jinja/ast.h"

namespace helicon::text::jinja {

// Collects what a scope reads and sets, in the order of the source: only its own statements, not
// the bodies of loops, macros and the like, which are scopes of their own.
class Symbols {
 public:
  // A scope of the function `layout`; `parent` is null for the outermost.
  Symbols(const Symbols* parent, FunctionLayout& layout) : parent_(parent), layout_(layout) {}

  void visit(const Block& block);
  void visit(const Expression* expression);
  void load(const std::string& name);
  void store(const std::string& name);
  // A name that is set from outside when the scope begins: a loop's target, a macro's parameter.
  void declare(const std::string& name);
  void declare_targets(const Expression& target);

  // The variable of that name as seen from this scope; it must be known here or further out.
  Reference find(const std::string& name) const;
  bool knows(const std::string& name) const;
  Loads loads() const;
  FunctionLayout& layout() const { return layout_; }
  const Symbols* parent() const { return parent_; }

 private:
  struct Variable {
    uint32_t slot = 0;
    bool is_parameter = false;
    Load::Kind load = Load::Kind::nothing;
  };

  void define(const std::string& name, Load::Kind load);
  void visit(const Statement& statement);
  void visit_if(const If& node);

  const Symbols* parent_;
  FunctionLayout& layout_;
  std::map<std::string, Variable> variables_;
  std::set<std::string> stores_;
  std::vector<std::string> store_log_;  // in the order they became stores
};

}  // namespace helicon::text::jinja
