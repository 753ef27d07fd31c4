#include "agents/arithmetic.h"

#include <gtest/gtest.h>

#include <string>

namespace helicon::agents {
namespace {

TEST(Calculate, IsThatOfSchool) {
  EXPECT_DOUBLE_EQ(*calculate("3 * (4 + 1.5) / 2"), 8.25);
  EXPECT_DOUBLE_EQ(*calculate("2+3*4"), 14);
  EXPECT_DOUBLE_EQ(*calculate("10 - 4 - 3"), 3);
  EXPECT_DOUBLE_EQ(*calculate("-3 * -2"), 6);
  EXPECT_DOUBLE_EQ(*calculate("$1,250 × 2"), 2500);
  EXPECT_DOUBLE_EQ(*calculate("20% * 50"), 10);
  EXPECT_DOUBLE_EQ(*calculate("7 x 6"), 42);
  EXPECT_DOUBLE_EQ(*calculate("12 ÷ 3"), 4);
  for (const char* none : {"", "abc", "3 +", "1 / 0", "(3", "3)", "3 4", "*3", "1..2"})
    EXPECT_FALSE(calculate(none)) << none;
  EXPECT_FALSE(calculate(std::string(10'000, '(')));
  EXPECT_FALSE(calculate(std::string(10'000, '-')));
}

struct Case {
  const char* text;
  int right, wrong;
};

class CheckEquations : public testing::TestWithParam<Case> {};

TEST_P(CheckEquations, FindsThemInProse) {
  const Equations found = check_equations(GetParam().text);
  EXPECT_EQ(found.right, GetParam().right) << GetParam().text;
  EXPECT_EQ(found.wrong, GetParam().wrong) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Texts, CheckEquations,
    testing::Values(
        Case{"So there are 3 * 4 = 12 apples and 5 + 2 = 8 pears.", 1, 1},
        Case{"He has $50 + $15 + $30 = $95.", 1, 0},
        Case{"\\( 50 + 15 + 30 = 105 \\) dollars", 0, 1}, Case{"\\[ 2 \\times 15 = 30 \\]", 1, 0},
        Case{"48 / 2 = 24 in May. 48 + 24 = 72 altogether.", 2, 0}, Case{"x = 5, y = 3", 0, 0},
        Case{"The total is 10 / 3 = 3.33", 1, 0}, Case{"The total is 10 / 3 = 3.34", 0, 1},
        Case{"10 / 3 = 3", 0, 1}, Case{"3 * 4 = 2 * 6 = 12", 1, 0}, Case{"cost = 3 * 4 = 12", 1, 0},
        Case{"if x == 3 + 4", 0, 0}, Case{"in 2019-2020 = two years", 0, 0},
        Case{"10 apples * 2 = 20", 1, 0}, Case{"0.2 * 50 = 10.00", 1, 0},
        Case{"\\[ 0.80 \\times 10 = 0.5 \\times 16 = 8 \\]", 1, 0},
        Case{"\\( 14 + 6 = 30 - 10 = 21 \\)", 0, 1},
        Case{"\\frac{1}{2} \\times 16 \\text{ cups} = 8 \\text{ teaspoons}", 1, 0},
        Case{"\\text{Time} = \\frac{120 \\text{ pages}}{0.4 \\text{ a minute}} = 300", 1, 0},
        Case{"\\frac{\\frac{12}{3}}{2} \\cdot 3 = 7", 0, 1},
        Case{"4 \\text{ paintings} \\times \\$30 \\text{ each} = \\$120", 1, 0},
        Case{"3 pages/friend * 2 friends * 2 times/week = 12 letters/week", 1, 0},
        Case{"4 pieces × 75% = 3 pieces", 1, 0}, Case{"\\frac{1}{2 + 3 = 5", 1, 0},
        Case{"\\text{3 + 4 = 8", 0, 1}, Case{"2 \\times 4P_1 = 8P_1", 0, 0},
        Case{"1{,}000 + 1 = 1{,}001", 1, 0}, Case{"=", 0, 0}, Case{"3 + 4 =", 0, 0}));

}  // namespace
}  // namespace helicon::agents
