#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "text/jinja/numbers.h"
#include "text/jinja/padding.h"
#include "text/jinja/representation.h"
#include "text/jinja/text_format.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

// [[fill]align][sign][#][0][width][grouping][.precision][type]: Python's library reference,
// "Format Specification Mini-Language".
struct Specification {
  std::string fill = " ";
  char align = 0;  // 0: as the type has it
  char sign = 0;
  bool alternate = false;
  int64_t width = 0;
  char grouping = 0;
  int64_t precision = -1;
  char type = 0;
};

bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

Result<int64_t> read_digits(std::string_view text, size_t& position) {
  int64_t number = 0;
  while (position < text.size() && text[position] >= '0' && text[position] <= '9') {
    number = number * 10 + (text[position++] - '0');
    if (number > kMaxWidth) return template_error("Too many decimal digits in format string");
  }
  return number;
}

Result<Specification> parse_specification(std::string_view text, bool is_number) {
  Specification spec;
  size_t position = 0;
  const auto at = [&] { return position < text.size() ? text[position] : '\0'; };
  size_t after_fill = 0;
  next_character(text, after_fill);
  const bool has_fill = after_fill < text.size() && is_align(text[after_fill]);
  if (has_fill) {
    spec.fill = text.substr(0, after_fill);
    position = after_fill;
  }
  if (is_align(at())) spec.align = text[position++];
  if (at() == '+' || at() == '-' || at() == ' ') spec.sign = text[position++];
  if (at() == '#') spec.alternate = (++position, true);
  if (!has_fill && at() == '0') {
    // A zero before the width fills up with zeros, behind the sign where no side was chosen.
    spec.fill = "0";
    if (spec.align == 0 && is_number) spec.align = '=';
    ++position;
  }
  HELICON_ASSIGN(spec.width, read_digits(text, position));
  if (at() == ',' || at() == '_') spec.grouping = text[position++];
  if (at() == '.') {
    const size_t start = ++position;
    HELICON_ASSIGN(spec.precision, read_digits(text, position));
    if (position == start) return template_error("Format specifier missing precision");
  }
  if (position < text.size()) spec.type = text[position++];
  if (position < text.size()) {
    return template_error(
        fmt::format("Invalid format specifier {}", string_repr(text.substr(0, 100))));
  }
  return spec;
}

Error unknown_type(char type, const Value& value) {
  return template_error(
      fmt::format("Unknown format code '{}' for object of type '{}'", type, type_name(value)));
}

// Separators between the digits, and zeros before them until the whole is `width` long.
std::string group_digits(std::string digits, char separator, size_t group, int64_t width) {
  const auto total = [&](size_t count) {
    return static_cast<int64_t>(count + (count - 1) / group);
  };
  size_t count = digits.size();
  while (total(count) < width) ++count;
  digits.insert(0, count - digits.size(), '0');
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0 && (count - i) % group == 0) out += separator;
    out += digits[i];
  }
  return out;
}

// Sign, prefix, grouping and padding around the digits of a number.
Result<std::string> lay_out_number(Sandbox& sandbox, const Specification& spec, std::string digits,
                                   size_t group, std::string_view prefix) {
  std::string sign;
  if (digits[0] == '-') {
    sign = "-";
    digits.erase(0, 1);
  } else if (spec.sign == '+' || spec.sign == ' ') {
    sign = spec.sign;
  }
  sign += prefix;
  if (spec.grouping != 0 && digits[0] != 'i' && digits[0] != 'n') {
    const std::string_view of_whole_part = group == 3 ? "0123456789" : "0123456789abcdefABCDEF";
    const size_t end = std::min(digits.find_first_not_of(of_whole_part), digits.size());
    const bool zeros = spec.fill == "0" && spec.align == '=';
    HELICON_TRY(sandbox.allow_text(static_cast<size_t>(spec.width)));
    const int64_t wanted =
        zeros ? spec.width - static_cast<int64_t>(sign.size() + digits.size() - end) : 0;
    digits = group_digits(digits.substr(0, end), spec.grouping, group, wanted) + digits.substr(end);
  }
  TextBuilder out(sandbox);
  append_padded(out, sign + digits, sign.size(), spec.width, spec.align == 0 ? '>' : spec.align,
                spec.fill);
  HELICON_TRY(sandbox.check());
  return out.take();
}

Result<std::string> format_integer(Sandbox& sandbox, const Value& value,
                                   const Specification& spec) {
  if (spec.precision >= 0)
    return template_error("Precision not allowed in integer format specifier");
  int base = 10;
  switch (spec.type) {
    case 0:
    case 'd':
    case 'n':
      break;
    case 'b':
      base = 2;
      break;
    case 'o':
      base = 8;
      break;
    case 'x':
    case 'X':
      base = 16;
      break;
    case 'c': {
      const int64_t code = value.as_integer();
      if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
        return template_error("%c arg not a character");
      }
      std::string text;
      append_character(text, static_cast<char32_t>(code));
      TextBuilder out(sandbox);
      append_padded(out, text, 0, spec.width, spec.align == 0 ? '<' : spec.align, spec.fill);
      return out.take();
    }
    default:
      return unknown_type(spec.type, value);
  }
  if (base != 10 && spec.grouping == ',') {
    return template_error(fmt::format("Cannot specify ',' with '{}'.", spec.type));
  }
  const std::string prefix =
      spec.alternate && base != 10 ? std::string{'0', spec.type} : std::string();
  return lay_out_number(sandbox, spec, integer_digits(value.as_integer(), base, spec.type == 'X'),
                        base == 10 ? 3 : 4, prefix);
}

// A float without a type: as repr, or of `precision` digits and at least one behind the point.
std::string untyped_float(double value, int64_t precision, bool alternate) {
  if (precision < 0 || !std::isfinite(value)) return float_repr(value);
  const int digits = static_cast<int>(std::clamp<int64_t>(precision, 1, 1100));
  std::string text = print_double(value, 'e', digits - 1);
  const size_t mark = text.find('e');
  const int exponent = std::atoi(text.c_str() + mark + 1);
  if (exponent < -4 || exponent >= digits - 1) {
    if (alternate || text.find('.') == std::string::npos) return text;
    size_t end = mark;
    while (text[end - 1] == '0') --end;
    if (text[end - 1] == '.') --end;
    return text.erase(end, mark - end);
  }
  text = print_double(value, 'g', digits, alternate);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

Result<std::string> format_float(Sandbox& sandbox, const Value& value, const Specification& spec) {
  const double number = value.as_double();
  const int64_t precision = spec.precision < 0 ? 6 : spec.precision;
  switch (spec.type) {
    case 0:
      return lay_out_number(sandbox, spec, untyped_float(number, spec.precision, spec.alternate), 3,
                            "");
    case '%': {
      HELICON_ASSIGN(const std::string text,
                     float_text(sandbox, number * 100, 'f', precision, spec.alternate));
      return lay_out_number(sandbox, spec, text + "%", 3, "");
    }
    case 'n':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': {
      const char conversion = spec.type == 'n' ? 'g' : spec.type;
      HELICON_ASSIGN(std::string text,
                     float_text(sandbox, number, conversion, precision, spec.alternate));
      return lay_out_number(sandbox, spec, std::move(text), 3, "");
    }
    default:
      return unknown_type(spec.type, value);
  }
}

Result<std::string> format_string(Sandbox& sandbox, const Value& value, const Specification& spec) {
  if (spec.type != 0 && spec.type != 's') return unknown_type(spec.type, value);
  if (spec.sign != 0) return template_error("Sign not allowed in string format specifier");
  if (spec.alternate)
    return template_error("Alternate form (#) not allowed in string format specifier");
  if (spec.grouping != 0)
    return template_error(fmt::format("Cannot specify '{}' with 's'.", spec.grouping));
  if (spec.align == '=')
    return template_error("'=' alignment not allowed in string format specifier");
  std::string_view text = value.text();
  if (spec.precision >= 0)
    text = text.substr(0, byte_of_character(text, static_cast<size_t>(spec.precision)));
  TextBuilder out(sandbox);
  append_padded(out, text, 0, spec.width, spec.align == 0 ? '<' : spec.align, spec.fill);
  HELICON_TRY(sandbox.check());
  return out.take();
}

}  // namespace

Result<std::string> format_value(Sandbox& sandbox, const Value& value,
                                 std::string_view specification) {
  if (specification.empty()) return to_str(sandbox, value);
  if (!value.is_number() && !value.is(Kind::string)) {
    return template_error(
        fmt::format("unsupported format string passed to {}.__format__", type_name(value)));
  }
  HELICON_ASSIGN(const Specification spec, parse_specification(specification, value.is_number()));
  if (value.is(Kind::string)) return format_string(sandbox, value, spec);
  const bool wants_float =
      spec.type != 0 && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
  if (value.is(Kind::floating) || wants_float) return format_float(sandbox, value, spec);
  return format_integer(sandbox, value, spec);
}

}  // namespace helicon::text::jinja
