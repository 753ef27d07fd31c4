// The variable `loop` inside a loop.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "text/jinja/ast.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

class Evaluator;
class Frame;

// How a recursive loop calls itself; of others all are null.
struct Recursion {
  Evaluator* evaluator = nullptr;
  const For* node = nullptr;
  Frame* defined_in = nullptr;
};

class Loop : public Instance, public std::enable_shared_from_this<Loop> {
 public:
  Loop(Sandbox* sandbox, Value source, std::shared_ptr<Iterator> items, Recursion recursion,
       int64_t depth);

  // The next round; false when there is none.
  Result<bool> advance(Sandbox& sandbox);
  const Value& current() const { return current_; }
  // Lets go of all items, when the loop is over.
  void release();

  std::optional<Value> attribute(Sandbox& sandbox, std::string_view name) override;
  bool is_callable() const override { return true; }
  // loop(items), in a recursive loop.
  Result<Value> call(Sandbox& sandbox, Arguments arguments) override;
  std::string_view type_name() const override { return "LoopContext"; }
  std::string representation(Sandbox& sandbox) override;

  // loop.cycle(...) and loop.changed(...).
  Result<Value> cycle(const Arguments& arguments) const;
  Result<Value> changed(Sandbox& sandbox, Arguments arguments);

 private:
  bool peek(Sandbox& sandbox);
  int64_t length(Sandbox& sandbox);

  Value source_;
  std::shared_ptr<Iterator> items_;
  const Recursion recursion_;
  const int64_t depth_;  // from 0
  int64_t index_ = -1;   // from 0
  Value before_, current_;
  std::vector<Value> ahead_;  // items that were fetched early
  size_t ahead_used_ = 0;
  std::optional<int64_t> length_;
  Value last_changed_;  // the arguments of the last changed() that was true
};

}  // namespace helicon::text::jinja
