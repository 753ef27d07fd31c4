#include "text/jinja/loop.h"

#include <fmt/format.h>

#include "text/jinja/compare.h"
#include "text/jinja/evaluator.h"
#include "text/jinja/iterate.h"

namespace helicon::text::jinja {
namespace {

// A method of a loop, taken off it.
class LoopMethod : public Instance {
 public:
  enum class Which { cycle, changed };
  LoopMethod(Sandbox* sandbox, std::shared_ptr<Object> loop, Which which)
      : Instance(sandbox, sizeof(LoopMethod), loop->depth() + 1),
        loop_(std::move(loop)),
        which_(which) {}

  Result<Value> call(Sandbox& sandbox, Arguments arguments) override {
    auto& loop = static_cast<Loop&>(*loop_);
    if (!arguments.named.empty())
      return template_error("a method of loop takes no keyword arguments");
    return which_ == Which::cycle ? loop.cycle(arguments)
                                  : loop.changed(sandbox, std::move(arguments));
  }
  std::string_view type_name() const override { return "method"; }
  std::string representation(Sandbox& sandbox) override {
    return fmt::format("<bound method LoopContext.{} of {}>",
                       which_ == Which::cycle ? "cycle" : "changed",
                       static_cast<Loop&>(*loop_).representation(sandbox));
  }

 private:
  std::shared_ptr<Object> loop_;
  Which which_;
};

}  // namespace

Loop::Loop(Sandbox* sandbox, Value source, std::shared_ptr<Iterator> items, Recursion recursion,
           int64_t depth)
    : Instance(sandbox, sizeof(Loop), source.depth() + 1),
      source_(std::move(source)),
      items_(std::move(items)),
      recursion_(recursion),
      depth_(depth),
      length_(length_of(source_)) {}

Result<bool> Loop::advance(Sandbox& sandbox) {
  Value next;
  if (ahead_used_ < ahead_.size()) {
    next = std::move(ahead_[ahead_used_++]);
    if (ahead_used_ == ahead_.size()) {
      ahead_.clear();
      ahead_used_ = 0;
    }
  } else {
    HELICON_ASSIGN(const bool more, items_->next(sandbox, next));
    if (!more) return false;
  }
  ++index_;
  before_ = std::exchange(current_, std::move(next));
  return true;
}

void Loop::release() {
  source_ = before_ = current_ = last_changed_ = Value();
  items_.reset();
  ahead_.clear();
  ahead_used_ = 0;
}

// Attributes cannot return errors: one of the items' is left with the sandbox.
bool Loop::peek(Sandbox& sandbox) {
  if (ahead_used_ < ahead_.size()) return true;
  if (!items_) return false;
  Value next;
  auto more = items_->next(sandbox, next);
  if (!more.ok()) {
    sandbox.fail(more.error().message);
    return false;
  }
  if (*more) ahead_.push_back(std::move(next));
  return *more;
}

int64_t Loop::length(Sandbox& sandbox) {
  if (length_) return *length_;
  // Of what has no length the rest is fetched and counted.
  if (items_) {
    auto rest = to_vector(sandbox, Value(Kind::iterator, items_));
    if (rest.ok()) {
      for (Value& item : *rest) ahead_.push_back(std::move(item));
    } else {
      sandbox.fail(rest.error().message);
    }
  }
  length_ = index_ + 1 + static_cast<int64_t>(ahead_.size() - ahead_used_);
  return *length_;
}

std::optional<Value> Loop::attribute(Sandbox& sandbox, std::string_view name) {
  if (name == "index") return Value::integer(index_ + 1);
  if (name == "index0") return Value::integer(index_);
  if (name == "first") return Value::boolean(index_ == 0);
  if (name == "last") return Value::boolean(!peek(sandbox));
  if (name == "length") return Value::integer(length(sandbox));
  if (name == "revindex") return Value::integer(length(sandbox) - index_);
  if (name == "revindex0") return Value::integer(length(sandbox) - index_ - 1);
  if (name == "depth") return Value::integer(depth_ + 1);
  if (name == "depth0") return Value::integer(depth_);
  if (name == "previtem")
    return before_.is_missing() ? make_undefined("there is no previous item") : before_;
  if (name == "nextitem")
    return peek(sandbox) ? ahead_[ahead_used_] : make_undefined("there is no next item");
  if (name == "cycle" || name == "changed") {
    const auto which = name == "cycle" ? LoopMethod::Which::cycle : LoopMethod::Which::changed;
    return make_instance<LoopMethod>(&sandbox, shared_from_this(), which);
  }
  return std::nullopt;
}

Result<Value> Loop::call(Sandbox& sandbox, Arguments arguments) {
  if (recursion_.node == nullptr) {
    return template_error("The loop must have the 'recursive' marker to be called recursively.");
  }
  if (arguments.positional.size() + arguments.named.size() != 1 ||
      (!arguments.named.empty() && arguments.named[0].first != "iterable")) {
    return template_error("loop() takes one argument: what to loop over");
  }
  const Value& iterable =
      arguments.positional.empty() ? arguments.named[0].second : arguments.positional[0];
  HELICON_TRY(sandbox.check());
  return recursion_.evaluator->call_loop(*recursion_.node, *recursion_.defined_in, iterable,
                                         depth_ + 1);
}

Result<Value> Loop::cycle(const Arguments& arguments) const {
  if (arguments.positional.empty()) return template_error("no items for cycling given");
  const auto count = static_cast<int64_t>(arguments.positional.size());
  return arguments.positional[static_cast<size_t>((index_ % count + count) % count)];
}

Result<Value> Loop::changed(Sandbox& sandbox, Arguments arguments) {
  Value now = make_tuple(sandbox, std::move(arguments.positional));
  if (equal(sandbox, last_changed_, now)) return Value::boolean(false);
  last_changed_ = std::move(now);
  return Value::boolean(true);
}

std::string Loop::representation(Sandbox& sandbox) {
  return fmt::format("<LoopContext {}/{}>", index_ + 1, length(sandbox));
}

}  // namespace helicon::text::jinja
