#include "text/jinja/padding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "text/jinja/numbers.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {

void append_padded(TextBuilder& out, std::string_view text, size_t sign_length, int64_t width,
                   char align, std::string_view fill) {
  const auto length = static_cast<int64_t>(count_characters(text));
  const auto missing = static_cast<size_t>(std::max<int64_t>(width - length, 0));
  size_t before = 0;
  if (align == '>' || align == '=') before = missing;
  if (align == '^') before = missing / 2;
  if (align == '=') {
    out.append(text.substr(0, sign_length));
    text.remove_prefix(sign_length);
  }
  out.append_repeated(fill, before);
  out.append(text);
  out.append_repeated(fill, missing - before);
}

std::string integer_digits(int64_t value, int base, bool upper_case) {
  std::array<char, 70> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, base);
  std::string digits(buffer.data(), written.ptr);
  if (upper_case)
    std::transform(digits.begin(), digits.end(), digits.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return digits;
}

Result<std::string> float_text(Sandbox& sandbox, double value, char conversion, int64_t precision,
                               bool alternate) {
  const bool upper = conversion < 'a';
  if (!std::isfinite(value)) {
    const std::string word = std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
    return upper ? upper_case(word) : word;
  }
  // A double has at most 1074 digits behind the point: the rest is zeros.
  constexpr int64_t most = 1100;
  HELICON_TRY(sandbox.allow_text(static_cast<size_t>(precision)));
  std::string text =
      print_double(value, conversion, static_cast<int>(std::min(precision, most)), alternate);
  if (precision > most && (conversion == 'f' || conversion == 'F')) {
    text.append(static_cast<size_t>(precision - most), '0');
  } else if (precision > most && (conversion == 'e' || conversion == 'E')) {
    text.insert(text.find(conversion), static_cast<size_t>(precision - most), '0');
  }
  return text;
}

}  // namespace helicon::text::jinja
