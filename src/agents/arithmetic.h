// A pocket calculator: reads the equations that a solution writes down, and says which are wrong.
#pragma once

#include <optional>
#include <string_view>

namespace helicon::agents {

// The value of "3 * (4 + 1.5) / 2": + - * / and parentheses, with × x · ÷ for signs, thousands as
// 1,000, currency signs and % of numbers left out. Nothing for what is no such expression, or where
// it divides by zero.
std::optional<double> calculate(std::string_view expression);

struct Equations {
  int right = 0;
  int wrong = 0;
};

// All "expression = number" of a text whose left side has at least one sign of operation. Units and
// words between end an expression. Rounded results count as right to half of their last digit.
Equations check_equations(std::string_view text);

}  // namespace helicon::agents
