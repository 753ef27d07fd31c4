#include "text/jinja/tests.h"

#include "text/jinja/compare.h"
#include "text/jinja/filters.h"
#include "text/jinja/iterate.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/representation.h"

namespace helicon::text::jinja {
namespace {

using Answer = Result<Value>;

template <Kind... kinds>
Answer is_one_of(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  return Value::boolean((self.is(kinds) || ...));
}

Answer is_defined(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  return Value::boolean(!self.is(Kind::undefined));
}

template <bool wanted>
Answer is_boolean(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  return Value::boolean(self.is(Kind::boolean) && self.as_boolean() == wanted);
}

template <Comparison comparison>
Answer compares(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const bool outcome, compare(sandbox, comparison, self, arguments[0]));
  return Value::boolean(outcome);
}

Answer leaves(Sandbox& sandbox, const Value& self, const Value& divisor, int64_t remainder) {
  HELICON_ASSIGN(const Value rest, apply(sandbox, Operator::modulo, self, divisor));
  return Value::boolean(equal(sandbox, rest, Value::integer(remainder)));
}

Answer is_odd(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  return leaves(sandbox, self, Value::integer(2), 1);
}

Answer is_even(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  return leaves(sandbox, self, Value::integer(2), 0);
}

Answer is_divisible(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  return leaves(sandbox, self, arguments[0], 0);
}

template <const auto& method>
Answer has_case(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  const Value text = make_string(sandbox, to_str(sandbox, self));
  return find_builtin(string_methods(), method)->function(sandbox, text, arguments);
}
constexpr std::string_view kIsLower = "islower", kIsUpper = "isupper";

Answer is_known_filter(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  HELICON_TRY(check_hashable(sandbox, self));
  return Value::boolean(self.is(Kind::string) && find_filter(self.text()) != nullptr);
}

Answer is_known_test(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  HELICON_TRY(check_hashable(sandbox, self));
  return Value::boolean(self.is(Kind::string) && find_test(self.text()) != nullptr);
}

Answer is_sequence(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  return Value::boolean(length_of(self).has_value() && !self.is(Kind::view));
}

Answer is_walkable(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  return Value::boolean(is_iterable(self));
}

Answer is_callable(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  return Value::boolean(self.is(Kind::undefined) ||
                        (self.is(Kind::instance) && self.instance().is_callable()));
}

Answer is_escaped(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  return Value::boolean(self.is(Kind::string) && self.string().markup);
}

// The same object; of plain values, which have none here, the same kind and value.
Answer is_same(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  const Value& other = arguments[0];
  if (self.kind() != other.kind()) return Value::boolean(false);
  if (self.object() != nullptr && !self.is(Kind::string))
    return Value::boolean(self.object() == other.object());
  return Value::boolean(equal(sandbox, self, other));
}

constexpr Builtin kTests[] = {
    {"!=", "other", compares<Comparison::not_equal>},
    {"<", "other", compares<Comparison::less>},
    {"<=", "other", compares<Comparison::less_equal>},
    {"==", "other", compares<Comparison::equal>},
    {">", "other", compares<Comparison::greater>},
    {">=", "other", compares<Comparison::greater_equal>},
    {"boolean", "", is_one_of<Kind::boolean>},
    {"callable", "", is_callable},
    {"defined", "", is_defined},
    {"divisibleby", "num", is_divisible},
    {"eq", "other", compares<Comparison::equal>},
    {"equalto", "other", compares<Comparison::equal>},
    {"escaped", "", is_escaped},
    {"even", "", is_even},
    {"false", "", is_boolean<false>},
    {"filter", "", is_known_filter},
    {"float", "", is_one_of<Kind::floating>},
    {"ge", "other", compares<Comparison::greater_equal>},
    {"greaterthan", "other", compares<Comparison::greater>},
    {"gt", "other", compares<Comparison::greater>},
    {"in", "seq", compares<Comparison::in>},
    {"integer", "", is_one_of<Kind::integer>},
    {"iterable", "", is_walkable},
    {"le", "other", compares<Comparison::less_equal>},
    {"lessthan", "other", compares<Comparison::less>},
    {"lower", "", has_case<kIsLower>},
    {"lt", "other", compares<Comparison::less>},
    {"mapping", "", is_one_of<Kind::dict>},
    {"ne", "other", compares<Comparison::not_equal>},
    {"none", "", is_one_of<Kind::none>},
    {"number", "", is_one_of<Kind::boolean, Kind::integer, Kind::floating>},
    {"odd", "", is_odd},
    {"sameas", "other", is_same},
    {"sequence", "", is_sequence},
    {"string", "", is_one_of<Kind::string>},
    {"test", "", is_known_test},
    {"true", "", is_boolean<true>},
    {"undefined", "", is_one_of<Kind::undefined>},
    {"upper", "", has_case<kIsUpper>},
};

}  // namespace

const Builtin* find_test(std::string_view name) { return find_builtin(kTests, name); }

}  // namespace helicon::text::jinja
