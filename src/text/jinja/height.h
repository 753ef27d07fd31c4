// How high the trees of expressions may stand, and how deep their parsing may go.
#pragma once

#include <algorithm>
#include <memory>

#include "text/jinja/ast.h"
#include "text/jinja/expression_parser.h"

namespace helicon::text::jinja {

// Leaves the nesting it was told of when it goes.
class Nesting {
 public:
  explicit Nesting(ExpressionParser& parser) : parser_(parser) {}
  ~Nesting() { parser_.leave(); }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  ExpressionParser& parser_;
};

inline int height_of(const ExpressionPointer& node) { return node ? node->height : 0; }

inline int height_of(const Expressions& nodes) {
  int height = 0;
  for (const auto& node : nodes) height = std::max(height, height_of(node));
  return height;
}

inline int height_of(const CallArguments& arguments) {
  int height = std::max({height_of(arguments.positional), height_of(arguments.spread),
                         height_of(arguments.spread_named)});
  for (const auto& [name, value] : arguments.named) height = std::max(height, height_of(value));
  return height;
}

// The node, once it is known not to stand too high.
template <typename Node>
Result<ExpressionPointer> grown(std::unique_ptr<Node> node, int height_below) {
  node->height = height_below + 1;
  if (node->height > kMaxHeight) return error_at(node->line, "an expression is too long");
  return ExpressionPointer(std::move(node));
}

}  // namespace helicon::text::jinja
