// Python's int() and float() of text, and its arithmetic on both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// int(text, base): sign, white space, underscores, 0x and its like where the base allows. No value
// where Python has none; an error for one over 64 bits.
Result<std::optional<int64_t>> parse_integer(std::string_view text, int64_t base);
// float(text): also "inf", "nan" and "1_000.5".
std::optional<double> parse_float(std::string_view text);
// int() of a float. No value for not-a-number; an error for infinity and what is over 64 bits.
Result<std::optional<int64_t>> truncate(double value);

enum class Operator { add, subtract, multiply, divide, floor_divide, modulo, power };
std::string_view sign_of(Operator operation);
// Of two numbers. Errors: division by zero, a result over 64 bits.
Result<Value> calculate(Operator operation, const Value& left, const Value& right);
Result<Value> negate(const Value& number);
Error too_large_integer();

// One number by the C library: conversion e, f or g, precision digits, "#" where `alternate`.
std::string print_double(double value, char conversion, int precision, bool alternate = false);

// round(number, digits) as Python: of halves the even one, by the exact decimal value.
Result<Value> round_number(const Value& number, int64_t digits);

}  // namespace helicon::text::jinja
