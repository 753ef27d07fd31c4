#include "text/jinja/methods.h"

#include <fmt/format.h>

#include "text/jinja/attributes.h"
#include "text/jinja/compare.h"
#include "text/jinja/iterate.h"

namespace helicon::text::jinja {
namespace {

class BoundMethod : public Instance {
 public:
  BoundMethod(Sandbox* sandbox, Value self, const Builtin* method)
      : Instance(sandbox, sizeof(BoundMethod), self.depth() + 1),
        self_(std::move(self)),
        method_(method) {}

  Result<Value> call(Sandbox& sandbox, Arguments arguments) override {
    return call_builtin(sandbox, *method_, self_, std::move(arguments));
  }
  std::string_view type_name() const override { return "builtin_function_or_method"; }
  std::string representation(Sandbox& /*sandbox*/) override {
    return fmt::format("<built-in method {} of {} object>", method_->name, jinja::type_name(self_));
  }

 private:
  const Value self_;
  const Builtin* method_;
};

Result<Value> get(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_TRY(check_hashable(sandbox, arguments[0]));
  const Value* const found = self.dict().find(arguments[0]);
  return found != nullptr ? *found : arguments.value_or(1, Value::none());
}

template <View::Part part>
Result<Value> view(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  return Value(Kind::view, std::make_shared<View>(&sandbox, self, part));
}

Result<Value> copy(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  return self;
}

Result<Value> count(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  int64_t found = 0;
  HELICON_ASSIGN(const std::vector<Value> items, to_vector(sandbox, self));
  for (const Value& item : items) found += equal(sandbox, item, arguments[0]) ? 1 : 0;
  return Value::integer(found);
}

Result<Value> index(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const std::vector<Value> items, to_vector(sandbox, self));
  const auto length = static_cast<int64_t>(items.size());
  int64_t bounds[2] = {0, length};
  for (size_t i = 0; i < 2; ++i) {
    if (!arguments.has(i + 1)) continue;
    HELICON_ASSIGN(const int64_t given, integer_argument(arguments[i + 1]));
    bounds[i] = given < 0 ? std::max<int64_t>(given < -length ? 0 : given + length, 0)
                          : std::min(given, length);
  }
  for (int64_t i = bounds[0]; i < bounds[1]; ++i) {
    if (equal(sandbox, items[static_cast<size_t>(i)], arguments[0])) return Value::integer(i);
  }
  return template_error("the value is not in the list");
}

constexpr Builtin kDictMethods[] = {
    {"copy", "", copy},
    {"get", "/key ?default", get},
    {"items", "", view<View::Part::items>},
    {"keys", "", view<View::Part::keys>},
    {"values", "", view<View::Part::values>},
};

constexpr Builtin kSequenceMethods[] = {
    {"count", "/value", count},
    {"index", "/value ?start stop", index},
};

constexpr Builtin kCopy = {"copy", "", copy};

}  // namespace

std::span<const Builtin> dict_methods() { return kDictMethods; }
std::span<const Builtin> sequence_methods() { return kSequenceMethods; }

std::optional<Value> find_method(Sandbox& sandbox, const Value& value, std::string_view name) {
  const Builtin* method = nullptr;
  switch (value.kind()) {
    case Kind::string:
      method = find_builtin(string_methods(), name);
      break;
    case Kind::dict:
      method = find_builtin(dict_methods(), name);
      break;
    case Kind::list:
    case Kind::tuple:
    case Kind::range:
      method = find_builtin(sequence_methods(), name);
      if (name == "copy" && value.is(Kind::list)) method = &kCopy;
      break;
    default:
      break;
  }
  if (method == nullptr) return std::nullopt;
  return make_instance<BoundMethod>(&sandbox, value, method);
}

}  // namespace helicon::text::jinja
