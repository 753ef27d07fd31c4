// What both ways of formatting share: laying out a number or text in a width.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "text/jinja/text_builder.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

// Widths and precisions past this are refused: no text may be that long anyway.
inline constexpr int64_t kMaxWidth = 1'000'000'000;

// Appends `text` in `width` characters: '<' left, '>' right, '^' centred, '=' with the fill between
// the first `sign_length` bytes, which are a sign or "0x", and the rest.
void append_padded(TextBuilder& out, std::string_view text, size_t sign_length, int64_t width,
                   char align, std::string_view fill);

// The digits of an integer, with "-" where negative: base 2, 8, 10 or 16.
std::string integer_digits(int64_t value, int base, bool upper_case);

// A float's text of `precision` digits, without sign where `value` has none. Conversion as in C,
// upper case too. Errors: more digits than a text may have.
Result<std::string> float_text(Sandbox& sandbox, double value, char conversion, int64_t precision,
                               bool alternate);

}  // namespace helicon::text::jinja
