// Values as text: Python's str() and repr().
#pragma once

#include <string>
#include <string_view>

#include "text/jinja/text_builder.h"
#include "text/jinja/value.h"

namespace helicon::text::jinja {

void append_str(TextBuilder& out, const Value& value);
void append_repr(TextBuilder& out, const Value& value);
std::string to_str(Sandbox& sandbox, const Value& value);
std::string to_repr(Sandbox& sandbox, const Value& value);

// "1.0", "1e+16", "nan": the shortest digits that read back as the same number.
std::string float_repr(double value);
// 'a', "it's", '\n': quoted and escaped as Python does. With `ascii_only` as by ascii().
std::string string_repr(std::string_view text, bool ascii_only = false);

}  // namespace helicon::text::jinja
