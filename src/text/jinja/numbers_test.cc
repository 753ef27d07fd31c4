#include "text/jinja/numbers.h"

#include <gtest/gtest.h>

#include <cmath>

#include "text/jinja/representation.h"
#include "text/jinja/search.h"

namespace helicon::text::jinja {
namespace {

std::string of(Operator operation, const Value& left, const Value& right) {
  Sandbox sandbox{TemplateLimits{}};
  const auto result = calculate(operation, left, right);
  return result.ok() ? to_repr(sandbox, *result) : result.error().message;
}

Value i(int64_t value) { return Value::integer(value); }
Value f(double value) { return Value::floating(value); }

TEST(Numbers, DivisionRoundsDownAndTheRestHasTheDivisorsSign) {
  EXPECT_EQ(of(Operator::floor_divide, i(-7), i(2)), "-4");
  EXPECT_EQ(of(Operator::modulo, i(-7), i(3)), "2");
  EXPECT_EQ(of(Operator::modulo, i(7), i(-3)), "-2");
  EXPECT_EQ(of(Operator::floor_divide, f(-7.5), i(2)), "-4.0");
  EXPECT_EQ(of(Operator::modulo, f(-7.5), i(2)), "0.5");
  EXPECT_EQ(of(Operator::modulo, i(0), f(-3)), "-0.0");
}

TEST(Numbers, WhatDoesNotFitIsAnErrorAndNeverWraps) {
  const std::string refused = "an integer does not fit into 64 bits";
  EXPECT_EQ(of(Operator::add, i(INT64_MAX), i(1)), refused);
  EXPECT_EQ(of(Operator::subtract, i(INT64_MIN), i(1)), refused);
  EXPECT_EQ(of(Operator::multiply, i(INT64_MIN), i(-1)), refused);
  EXPECT_EQ(of(Operator::floor_divide, i(INT64_MIN), i(-1)), refused);
  EXPECT_EQ(of(Operator::modulo, i(INT64_MIN), i(-1)), "0");
  EXPECT_EQ(of(Operator::power, i(2), i(62)), "4611686018427387904");
  EXPECT_EQ(of(Operator::power, i(2), i(63)), refused);
  EXPECT_EQ(of(Operator::power, i(-2), i(63)), "-9223372036854775808");
  EXPECT_EQ(of(Operator::power, i(1), i(INT64_MAX)), "1");
  EXPECT_FALSE(negate(i(INT64_MIN)).ok());
  EXPECT_FALSE(truncate(9223372036854775808.0).ok());
}

TEST(Numbers, FloatsHaveTheShortestTextThatReadsBack) {
  EXPECT_EQ(float_repr(0.1), "0.1");
  EXPECT_EQ(float_repr(1e22), "1e+22");
  EXPECT_EQ(float_repr(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(float_repr(1e15), "1000000000000000.0");
  EXPECT_EQ(float_repr(0.0001), "0.0001");
  EXPECT_EQ(float_repr(0.00001), "1e-05");
  EXPECT_EQ(float_repr(-0.0), "-0.0");
  EXPECT_EQ(float_repr(5e-324), "5e-324");
}

TEST(Numbers, ParsesAsIntAndFloatDo) {
  EXPECT_EQ(*parse_integer(" -1_000 ", 10), -1000);
  EXPECT_EQ(*parse_integer("0x_ff", 16), 255);
  EXPECT_EQ(*parse_integer("-9223372036854775808", 10), INT64_MIN);
  EXPECT_FALSE(parse_integer("9223372036854775808", 10).ok());
  EXPECT_EQ(*parse_integer("1__0", 10), std::nullopt);
  EXPECT_EQ(*parse_integer("", 10), std::nullopt);
  EXPECT_EQ(*parse_integer("0x", 16), std::nullopt);
  EXPECT_EQ(parse_float(" 1_0.5e1 "), 105.0);
  EXPECT_EQ(parse_float("-INF"), -HUGE_VAL);
  EXPECT_EQ(parse_float("1e400"), HUGE_VAL);
  EXPECT_EQ(parse_float("1e-400"), 0.0);
  EXPECT_EQ(parse_float("0x10"), std::nullopt);
  EXPECT_EQ(parse_float("1_"), std::nullopt);
  EXPECT_EQ(parse_float("."), std::nullopt);
}

TEST(Numbers, RoundsTheExactValueHalvesToEven) {
  EXPECT_EQ(round_number(f(2.675), 2)->as_double(), 2.67) << "it is a little less than it looks";
  EXPECT_EQ(round_number(f(0.5), 0)->as_double(), 0.0);
  EXPECT_EQ(round_number(i(25), -1)->as_integer(), 20);
  EXPECT_EQ(round_number(i(-35), -1)->as_integer(), -40);
  EXPECT_FALSE(round_number(i(INT64_MAX), -1).ok());
}

TEST(Search, FindsFromBothEnds) {
  EXPECT_EQ(find_text("abcabc", "bc"), 1u);
  EXPECT_EQ(find_text("abcabc", "bc", 2), 4u);
  EXPECT_EQ(find_text("abc", "", 3), 3u);
  EXPECT_EQ(find_text("abc", "", 4), std::string_view::npos);
  EXPECT_EQ(find_last_text("abcabc", "bc"), 4u);
  EXPECT_EQ(find_last_text("aaa", "aa"), 1u);
  EXPECT_EQ(find_last_text("abc", "x"), std::string_view::npos);
  EXPECT_EQ(count_text("aaaa", "aa"), 2u);
}

TEST(Search, IsLinear) {
  const std::string text(4 << 20, 'a');
  const std::string wanted = std::string(1 << 20, 'a') + "b" + std::string(1 << 20, 'a');
  EXPECT_EQ(find_text(text, wanted), std::string_view::npos)
      << "quadratic search would take an hour";
  EXPECT_EQ(find_last_text(text, wanted), std::string_view::npos);
}

}  // namespace
}  // namespace helicon::text::jinja
