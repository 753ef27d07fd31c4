#include "agents/arithmetic.h"

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <string>

namespace helicon::agents {
namespace {

constexpr int kMostDepth = 32;  // of parentheses

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Recursive descent over: sum = product {(+|-) product}; product = factor {(*|/) factor};
// factor = [-] (number | "(" sum ")").
class Calculator {
 public:
  explicit Calculator(std::string_view text) : text_(text) {}

  std::optional<double> whole() {
    const std::optional<double> value = sum(0);
    skip_blanks();
    return at_ == text_.size() ? value : std::nullopt;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '$' || text_[at_] == '\t'))
      ++at_;
  }
  bool take(std::string_view sign) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }

  std::optional<double> sum(int depth) {
    std::optional<double> value = product(depth);
    while (value) {
      const double sign = take("+") ? 1 : take("-") || take("−") ? -1 : 0;
      if (sign == 0) break;
      const std::optional<double> next = product(depth);
      if (!next) return std::nullopt;
      *value += sign * *next;
    }
    return value;
  }

  std::optional<double> product(int depth) {
    std::optional<double> value = factor(depth);
    while (value) {
      const bool times = take("*") || take("×") || take("·") || take("\\times") || take("x");
      if (!times && !take("/") && !take("÷")) break;
      const std::optional<double> next = factor(depth);
      if (!next || (!times && *next == 0)) return std::nullopt;
      *value = times ? *value * *next : *value / *next;
    }
    return value;
  }

  std::optional<double> factor(int depth) {
    if (depth > kMostDepth) return std::nullopt;
    if (take("-") || take("−")) {
      const std::optional<double> value = factor(depth + 1);
      return value ? std::optional(-*value) : std::nullopt;
    }
    if (take("(")) {
      const std::optional<double> value = sum(depth + 1);
      return value && take(")") ? value : std::nullopt;
    }
    return number();
  }

  std::optional<double> number() {
    skip_blanks();
    std::string digits;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      const bool more = at_ + 1 < text_.size() && is_digit(text_[at_ + 1]);
      if (c == ',' && !digits.empty() && more) continue;  // thousands
      if (!is_digit(c) && !(c == '.' && more && digits.find('.') == std::string::npos)) break;
      digits += c;
    }
    if (digits.empty()) return std::nullopt;
    double value = std::strtod(digits.c_str(), nullptr);
    if (take("%")) value /= 100;
    return value;
  }

  std::string_view text_;
  size_t at_ = 0;
};

// Whether a character, or the multi-byte sign that ends before `end`, may be part of an expression.
size_t part_before(std::string_view text, size_t end) {
  for (const std::string_view sign : {"×", "·", "÷", "−", "\\times"})
    if (text.substr(0, end).ends_with(sign)) return sign.size();
  const char c = text[end - 1];
  const bool part = is_digit(c) || std::string_view("+-*/().,%$ x").find(c) != std::string::npos;
  return part ? 1 : 0;
}

// What stands before the "=" at `end`: as far back as characters belong to an expression, and from
// there on the longest part that is one ("so there are 3 * 4").
std::optional<double> value_before(std::string_view text, size_t end) {
  size_t begin = end;
  while (begin > 0) {
    const size_t bytes = part_before(text, begin);
    if (bytes == 0) break;
    begin -= bytes;
  }
  std::string_view expression = text.substr(begin, end - begin);
  while (!expression.empty() &&
         std::string_view(".,x %*/+)").find(expression.front()) != std::string::npos)
    expression.remove_prefix(1);
  const bool operates =
      expression.find_first_of("+*/x") != std::string::npos ||
      expression.find(" - ") != std::string::npos || expression.find("×") != std::string::npos ||
      expression.find("÷") != std::string::npos || expression.find("\\times") != std::string::npos;
  if (!operates) return std::nullopt;
  std::optional<double> value = calculate(expression);
  // "\\( 3 + 4 = 7 \\)" opens a formula, and "(that is 3 + 4 = 7)" a remark.
  for (; !value && !expression.empty() && (expression[0] == '(' || expression[0] == ' ');
       value = calculate(expression))
    expression.remove_prefix(1);
  return value;
}

}  // namespace

std::optional<double> calculate(std::string_view expression) {
  return Calculator(expression).whole();
}

Equations check_equations(std::string_view text) {
  Equations found;
  for (size_t at = text.find('='); at != std::string_view::npos; at = text.find('=', at + 1)) {
    if (at == 0 || (at + 1 < text.size() && text[at + 1] == '=')) continue;
    const std::optional<double> left = value_before(text, at);
    if (!left) continue;
    size_t begin = at + 1;
    while (begin < text.size() && (text[begin] == ' ' || text[begin] == '$')) ++begin;
    size_t end = begin;
    if (end < text.size() && text[end] == '-') ++end;
    while (end < text.size() &&
           (is_digit(text[end]) || ((text[end] == ',' || text[end] == '.') &&
                                    end + 1 < text.size() && is_digit(text[end + 1]))))
      ++end;
    std::string_view right_text = text.substr(begin, end - begin);
    const std::optional<double> right = calculate(right_text);
    if (!right) continue;
    // "= 3 * 4 = 12" goes on: the middle is no result.
    size_t next = end;
    while (next < text.size() && text[next] == ' ') ++next;
    if (next < text.size() && std::string_view("+*/×÷").find(text[next]) != std::string::npos)
      continue;
    if (end < text.size() && text[end] == '%') continue;
    const size_t point = right_text.find('.');
    const double digits =
        point == std::string_view::npos ? 0 : static_cast<double>(right_text.size() - point - 1);
    const double half = 0.5 * std::pow(10.0, -digits) + 1e-9 * std::fabs(*left);
    // An integer for a fraction is a wrong result and no rounded one, but for dollars and the like.
    const double tolerance = digits == 0 ? 1e-6 + 1e-9 * std::fabs(*left) : half;
    (std::fabs(*left - *right) <= tolerance ? found.right : found.wrong)++;
  }
  return found;
}

}  // namespace helicon::agents
