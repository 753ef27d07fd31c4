#include <fmt/format.h>

#include <cmath>

#include "text/jinja/filters.h"
#include "text/jinja/numbers.h"

namespace helicon::text::jinja {
namespace {

Result<Value> absolute(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  if (!self.is_number())
    return template_error(fmt::format("bad operand type for abs(): '{}'", type_name(self)));
  if (self.is_integral() && self.as_integer() < 0) return negate(self);
  if (self.is(Kind::boolean)) return Value::integer(self.as_integer());
  return self.is(Kind::floating) ? Value::floating(std::fabs(self.as_double())) : self;
}

Result<Value> to_float(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  if (self.is(Kind::undefined)) return template_error(self.undefined().reason);
  if (self.is_number()) return Value::floating(self.as_double());
  if (self.is(Kind::string)) {
    sandbox.charge_characters(self.text().size());
    if (const auto number = parse_float(self.text())) return Value::floating(*number);
  }
  return arguments.value_or(0, Value::floating(0));
}

Result<Value> to_integer(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  const Value fallback = arguments.value_or(0, Value::integer(0));
  if (self.is(Kind::undefined)) return template_error(self.undefined().reason);
  if (self.is_integral()) return Value::integer(self.as_integer());
  if (self.is(Kind::floating)) {
    HELICON_ASSIGN(const auto whole, truncate(self.as_double()));
    return whole ? Value::integer(*whole) : fallback;
  }
  if (!self.is(Kind::string)) return fallback;
  sandbox.charge_characters(self.text().size());
  HELICON_ASSIGN(const int64_t base, integer_argument(arguments.value_or(1, Value::integer(10))));
  HELICON_ASSIGN(const auto integer, parse_integer(self.text(), base));
  if (integer) return Value::integer(*integer);
  const auto number = parse_float(self.text());  // "42.23"|int is 42
  if (!number || !std::isfinite(*number)) return fallback;
  HELICON_ASSIGN(const auto whole, truncate(*number));
  return whole ? Value::integer(*whole) : fallback;
}

Result<Value> round(Sandbox& /*sandbox*/, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const int64_t digits, integer_argument(arguments.value_or(0, Value::integer(0))));
  std::string_view method = "common";
  if (arguments.has(1)) {
    HELICON_ASSIGN(method, text_argument(arguments[1]));
  }
  if (method != "common" && method != "ceil" && method != "floor") {
    return template_error("method must be common, ceil or floor");
  }
  if (self.is(Kind::undefined)) return template_error(self.undefined().reason);
  if (!self.is_number())
    return template_error(fmt::format("'{}' object cannot be rounded", type_name(self)));
  if (method == "common") return round_number(self, digits);
  HELICON_ASSIGN(const Value unit,
                 calculate(Operator::power, Value::integer(10), Value::integer(digits)));
  HELICON_ASSIGN(const Value scaled, calculate(Operator::multiply, self, unit));
  const double number = scaled.as_double();
  HELICON_ASSIGN(const auto whole,
                 truncate(method == "ceil" ? std::ceil(number) : std::floor(number)));
  if (!whole) return template_error("cannot convert float NaN to integer");
  return calculate(Operator::divide, scaled.is_integral() ? scaled : Value::integer(*whole), unit);
}

constexpr Builtin kFilters[] = {
    {"abs", "", absolute},
    {"float", "?default", to_float},
    {"int", "?default base", to_integer},
    {"round", "?precision method", round},
};

}  // namespace

std::span<const Builtin> number_filters() { return kFilters; }

}  // namespace helicon::text::jinja
