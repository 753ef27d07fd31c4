#include "agents/arithmetic.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>

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
      const double sign = take("+") ? 1 : take("-") ? -1 : 0;
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
      const bool times = take("*") || take("x");
      if (!times && !take("/")) break;
      const std::optional<double> next = factor(depth);
      if (!next || (!times && *next == 0)) return std::nullopt;
      *value = times ? *value * *next : *value / *next;
    }
    return value;
  }

  std::optional<double> factor(int depth) {
    if (depth > kMostDepth) return std::nullopt;
    if (take("-")) {
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

constexpr std::string_view kOperators = "+-*/x";

// How LaTeX and Unicode write what a calculator has a key for, and what says nothing to it.
constexpr std::pair<std::string_view, std::string_view> kSigns[] = {
    {"×", "*"},      {"·", "*"},     {"÷", "/"},     {"−", "-"},      {"\\times", "*"},
    {"\\cdot", "*"}, {"\\div", "/"}, {"\\left", ""}, {"\\right", ""}, {"\\,", ""},
    {"\\;", ""},     {"\\!", ""},    {"\\$", "$"},   {"\\%", "%"},    {"{,}", ","}};
constexpr std::string_view kWords[] = {"\\text{", "\\mathrm{", "\\textbf{", "\\mbox{"};
constexpr std::string_view kFractions[] = {"\\frac{", "\\dfrac{", "\\tfrac{"};

// Where the brace that is open before `at` closes; npos where it does not, or far away.
size_t closing_brace(std::string_view text, size_t at) {
  constexpr size_t kFar = 256;
  text = text.substr(0, at + kFar);
  for (int open = 1; at < text.size(); ++at) {
    open += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;
    if (open == 0) return at;
  }
  return std::string_view::npos;
}

// The text with signs as a calculator has them, fractions as quotients, and without words in
// formulas: "\frac{1}{2} \times 16 \text{ cups}" is "((1)/(2)) * 16 ".
std::string in_plain_signs(std::string_view text, int depth = 0) {
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const auto begins = [&](std::string_view sign) { return rest.starts_with(sign); };
    if (const auto sign = std::find_if(std::begin(kSigns), std::end(kSigns),
                                       [&](const auto& one) { return begins(one.first); });
        sign != std::end(kSigns)) {
      plain += sign->second;
      at += sign->first.size();
      continue;
    }
    if (const auto* word = std::find_if(std::begin(kWords), std::end(kWords), begins);
        word != std::end(kWords)) {
      const size_t end = closing_brace(text, at + word->size());
      if (end != std::string_view::npos) {
        at = end + 1;
        continue;
      }
    }
    if (const auto* fraction = std::find_if(std::begin(kFractions), std::end(kFractions), begins);
        fraction != std::end(kFractions) && depth < kMostDepth) {
      const size_t over = at + fraction->size(), middle = closing_brace(text, over);
      const size_t end = middle != std::string_view::npos && text.substr(middle).starts_with("}{")
                             ? closing_brace(text, middle + 2)
                             : std::string_view::npos;
      if (end != std::string_view::npos) {
        plain += "((" + in_plain_signs(text.substr(over, middle - over), depth + 1) + ")/(" +
                 in_plain_signs(text.substr(middle + 2, end - middle - 2), depth + 1) + "))";
        at = end + 1;
        continue;
      }
    }
    plain += text[at++];
  }
  return plain;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Takes units out: the word, or words with "/" between them, that stands between a number and a
// sign of operation, an "=" or a closing parenthesis. "3 pages/friend * 2 friends = 6" is "3 * 2 =
// 6".
std::string without_units(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    plain += text[at++];
    if (!is_digit(plain.back()) && plain.back() != '%') continue;
    size_t end = at;
    while (end < text.size() && text[end] == ' ') ++end;
    const size_t word = end;
    while (end < text.size() &&
           (is_letter(text[end]) ||
            (text[end] == '/' && end > word && end + 1 < text.size() && is_letter(text[end + 1]))))
      ++end;
    if (end == word || end - word < 2) continue;  // "x" is a sign, or a name
    size_t next = end;
    while (next < text.size() && text[next] == ' ') ++next;
    constexpr std::string_view kBehind = "+-*/=)";
    if (next == text.size() || kBehind.find(text[next]) == std::string_view::npos) continue;
    plain += ' ';
    at = next;
  }
  return plain;
}

// Of an expression in plain signs.
std::optional<double> value_of(std::string_view plain) { return Calculator(plain).whole(); }

// What stands before the "=" at `end`: as far back as characters belong to an expression, and from
// there on the longest part that is one ("so there are 3 * 4").
std::optional<double> value_before(std::string_view text, size_t end) {
  constexpr std::string_view kParts = "0123456789+-*/().,%$ x";
  size_t begin = end;
  while (begin > 0 && kParts.find(text[begin - 1]) != std::string_view::npos) --begin;
  std::string_view expression = text.substr(begin, end - begin);
  while (!expression.empty() &&
         std::string_view(".,x %*/+)").find(expression.front()) != std::string_view::npos)
    expression.remove_prefix(1);
  const bool operates = expression.find_first_of("+*/x") != std::string_view::npos ||
                        expression.find(" - ") != std::string_view::npos;
  if (!operates) return std::nullopt;
  std::optional<double> value = value_of(expression);
  // "\\( 3 + 4 = 7 \\)" opens a formula, and "(that is 3 + 4 = 7)" a remark.
  for (; !value && !expression.empty() && (expression[0] == '(' || expression[0] == ' ');
       value = value_of(expression))
    expression.remove_prefix(1);
  return value;
}

}  // namespace

std::optional<double> calculate(std::string_view expression) {
  return value_of(in_plain_signs(expression));
}

Equations check_equations(std::string_view written) {
  const std::string plain = without_units(in_plain_signs(written));
  const std::string_view text = plain;
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
    const std::optional<double> right = value_of(right_text);
    if (!right) continue;
    // "= 3 * 4 = 12" goes on: the middle is no result.
    size_t next = end;
    while (next < text.size() && text[next] == ' ') ++next;
    if (next < text.size() && kOperators.find(text[next]) != std::string_view::npos) continue;
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
