#include "text/jinja/numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

std::string_view strip(std::string_view text) {
  text.remove_prefix(leading_space(text));
  text.remove_suffix(trailing_space(text));
  return text;
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

// Takes "0x" and its like off the front; gives the base they stand for, or `base`.
std::optional<int64_t> take_prefix(std::string_view& digits, int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) return std::nullopt;
  int64_t named = 0;
  if (digits.size() >= 2 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    named = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  }
  if (named != 0 && (base == 0 || base == named)) {
    digits.remove_prefix(2);
    if (!digits.empty() && digits[0] == '_') digits.remove_prefix(1);
    return named;
  }
  if (base != 0) return base;
  // With base 0 only zero itself may start with a zero.
  const bool leading_zero = digits.size() > 1 && digits[0] == '0';
  if (leading_zero && digits.find_first_not_of("0_") != std::string_view::npos) return std::nullopt;
  return 10;
}

Result<Value> integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) return template_error("0.0 cannot be raised to a negative power");
    return Value::floating(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result))
      return too_large_integer();
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return too_large_integer();
  }
  return Value::integer(result);
}

// As near to the quotient as a double gets, also where one cannot hold what is divided.
double divide_integers(int64_t left, int64_t right) {
  constexpr int64_t exact = int64_t{1} << 53;
  const bool are_exact = left <= exact && left >= -exact && right <= exact && right >= -exact;
  if (are_exact) return static_cast<double>(left) / static_cast<double>(right);
  if (right != -1 && left % right == 0) return static_cast<double>(left / right);
  return static_cast<double>(static_cast<long double>(left) / static_cast<long double>(right));
}

Result<Value> calculate_integers(Operator operation, int64_t left, int64_t right) {
  int64_t result = 0;
  switch (operation) {
    case Operator::add:
      if (__builtin_add_overflow(left, right, &result)) return too_large_integer();
      return Value::integer(result);
    case Operator::subtract:
      if (__builtin_sub_overflow(left, right, &result)) return too_large_integer();
      return Value::integer(result);
    case Operator::multiply:
      if (__builtin_mul_overflow(left, right, &result)) return too_large_integer();
      return Value::integer(result);
    case Operator::divide:
      if (right == 0) return template_error("division by zero");
      return Value::floating(divide_integers(left, right));
    case Operator::floor_divide:
    case Operator::modulo: {
      if (right == 0) return template_error("integer division or modulo by zero");
      if (right == -1) {  // the quotient of the smallest integer does not fit
        if (operation == Operator::modulo) return Value::integer(0);
        return calculate_integers(Operator::subtract, 0, left);
      }
      const int64_t remainder = left % right;
      const bool round_down = remainder != 0 && (remainder < 0) != (right < 0);
      return Value::integer(operation == Operator::modulo ? remainder + (round_down ? right : 0)
                                                          : left / right - (round_down ? 1 : 0));
    }
    case Operator::power:
      return integer_power(left, right);
  }
  return Value::none();
}

// Python's float_divmod: the remainder has the divisor's sign, the quotient is whole.
Result<Value> divide_floats(Operator operation, double left, double right) {
  if (right == 0) return template_error("float floor division or modulo by zero");
  double remainder = std::fmod(left, right);
  double quotient = (left - remainder) / right;
  if (remainder == 0) {
    remainder = std::copysign(0.0, right);
  } else if ((right < 0) != (remainder < 0)) {
    remainder += right;
    quotient -= 1;
  }
  if (operation == Operator::modulo) return Value::floating(remainder);
  if (quotient == 0) return Value::floating(std::copysign(0.0, left / right));
  double whole = std::floor(quotient);
  if (quotient - whole > 0.5) whole += 1;
  return Value::floating(whole);
}

Result<Value> float_power(double left, double right) {
  if (left == 0 && right < 0) return template_error("0.0 cannot be raised to a negative power");
  if (left < 0 && std::isfinite(right) && right != std::floor(right)) {
    return template_error("a negative number cannot be raised to a fractional power");
  }
  const double result = std::pow(left, right);
  if (std::isinf(result) && std::isfinite(left) && std::isfinite(right)) {
    return template_error("the result of ** is too large");
  }
  return Value::floating(result);
}

}  // namespace

Error too_large_integer() { return template_error("an integer does not fit into 64 bits"); }

Result<std::optional<int64_t>> parse_integer(std::string_view text, int64_t base) {
  text = strip(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const auto actual_base = take_prefix(text, base);
  if (!actual_base || text.empty() || text.front() == '_' || text.back() == '_')
    return std::optional<int64_t>();
  int64_t result = 0;
  bool overflow = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && text[i - 1] != '_') continue;
    const int digit = digit_value(text[i]);
    if (digit >= *actual_base) return std::optional<int64_t>();
    overflow =
        overflow || __builtin_mul_overflow(result, *actual_base, &result) ||
        __builtin_sub_overflow(result, digit, &result);  // downwards, where there is one more
  }
  if (!negative && !overflow) overflow = __builtin_sub_overflow(int64_t{0}, result, &result);
  if (overflow) return too_large_integer();
  return std::optional<int64_t>(result);
}

std::optional<double> parse_float(std::string_view text) {
  text = strip(text);
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    const auto is_digit = [&](size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '9';
    };
    if (i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) return std::nullopt;
  }
  std::string_view rest = plain;
  const bool negative = !rest.empty() && rest[0] == '-';
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) rest.remove_prefix(1);
  const bool has_number = !rest.empty() && (rest[0] == '.' || (rest[0] >= '0' && rest[0] <= '9'));
  double value = 0;
  if (!has_number) {
    const std::string word = lower_case(rest);
    if (word == "inf" || word == "infinity") {
      value = HUGE_VAL;
    } else if (word == "nan") {
      value = std::nan("");
    } else {
      return std::nullopt;
    }
  } else {
    const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (read.ptr != rest.data() + rest.size() || read.ec == std::errc::invalid_argument)
      return std::nullopt;
    if (read.ec == std::errc::result_out_of_range)
      value = std::strtod(std::string(rest).c_str(), nullptr);
  }
  return negative ? -value : value;
}

Result<std::optional<int64_t>> truncate(double value) {
  if (std::isnan(value)) return std::optional<int64_t>();
  if (std::isinf(value)) return template_error("cannot convert float infinity to integer");
  if (value >= 0x1p63 || value < -0x1p63) return too_large_integer();
  return std::optional<int64_t>(static_cast<int64_t>(value));
}

std::string_view sign_of(Operator operation) {
  constexpr std::string_view signs[] = {"+", "-", "*", "/", "//", "%", "** or pow()"};
  return signs[static_cast<size_t>(operation)];
}

Result<Value> calculate(Operator operation, const Value& left, const Value& right) {
  if (left.is_integral() && right.is_integral()) {
    return calculate_integers(operation, left.as_integer(), right.as_integer());
  }
  const double a = left.as_double(), b = right.as_double();
  switch (operation) {
    case Operator::add:
      return Value::floating(a + b);
    case Operator::subtract:
      return Value::floating(a - b);
    case Operator::multiply:
      return Value::floating(a * b);
    case Operator::divide:
      if (b == 0) return template_error("float division by zero");
      return Value::floating(a / b);
    case Operator::floor_divide:
    case Operator::modulo:
      return divide_floats(operation, a, b);
    case Operator::power:
      return float_power(a, b);
  }
  return Value::none();
}

Result<Value> negate(const Value& number) {
  if (number.is_integral()) return calculate_integers(Operator::subtract, 0, number.as_integer());
  return Value::floating(-number.as_double());
}

std::string print_double(double value, char conversion, int precision, bool alternate) {
  const char format[] = {'%', alternate ? '#' : '-', '.', '*', conversion, '\0'};
  const int length = std::snprintf(nullptr, 0, format, precision, value);
  std::string text(static_cast<size_t>(std::max(length, 0)), '\0');
  std::snprintf(text.data(), text.size() + 1, format, precision, value);
  return text;
}

Result<Value> round_number(const Value& number, int64_t digits) {
  if (number.is_integral()) {
    if (digits >= 0) return Value::integer(number.as_integer());
    if (digits < -18) return Value::integer(0);
    HELICON_ASSIGN(const Value power, integer_power(10, -digits));
    const int64_t unit = power.as_integer();
    const int64_t value = number.as_integer();
    HELICON_ASSIGN(const Value quotient, calculate_integers(Operator::floor_divide, value, unit));
    int64_t whole = quotient.as_integer();
    const int64_t rest = value - whole * unit;
    if (rest > unit - rest || (rest == unit - rest && (whole & 1) != 0)) ++whole;
    return calculate_integers(Operator::multiply, whole, unit);
  }
  const double value = number.as_double();
  if (!std::isfinite(value) || digits > 323) return number;
  if (digits < -308) return Value::floating(std::copysign(0.0, value));
  if (digits >= 0) {
    // The C library rounds the exact decimal value, halves to even.
    return Value::floating(
        std::strtod(print_double(value, 'f', static_cast<int>(digits)).c_str(), nullptr));
  }
  const double unit = std::pow(10.0, static_cast<double>(-digits));
  return Value::floating(std::nearbyint(value / unit) * unit);
}

}  // namespace helicon::text::jinja
