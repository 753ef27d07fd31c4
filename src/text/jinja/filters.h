// The filters of jinja2, value | name(arguments), and tojson as transformers has it.
#pragma once

#include <span>
#include <string_view>

#include "text/jinja/builtin.h"

namespace helicon::text::jinja {

// Null if there is no filter of that name.
const Builtin* find_filter(std::string_view name);

// What filters that ignore case compare: text in lower case, and everything else as it is.
Value without_case(Sandbox& sandbox, Value value);

std::span<const Builtin> text_filters();
std::span<const Builtin> sequence_filters();
std::span<const Builtin> order_filters();
std::span<const Builtin> number_filters();

}  // namespace helicon::text::jinja
