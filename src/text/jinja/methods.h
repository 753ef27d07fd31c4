// The methods of texts, lists, tuples, ranges and dicts that do not change them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "text/jinja/builtin.h"

namespace helicon::text::jinja {

// The method bound to the value, or nothing.
std::optional<Value> find_method(Sandbox& sandbox, const Value& value, std::string_view name);

std::span<const Builtin> string_methods();
std::span<const Builtin> dict_methods();
std::span<const Builtin> sequence_methods();

// What both methods and filters need of texts. Each charges the sandbox for its work and stops
// early when that fails.
using Pieces = std::vector<std::string_view>;
// str.split(), from the left or the right; all pieces where `most` is negative.
Pieces split_at_space(Sandbox& sandbox, std::string_view text, int64_t most, bool from_right);
Pieces split_at(Sandbox& sandbox, std::string_view text, std::string_view separator, int64_t most,
                bool from_right);
// str.splitlines().
Pieces split_lines(Sandbox& sandbox, std::string_view text, bool keep_ends);
// str.strip(characters), and where wanted only of one end; white space where `characters` is none.
Result<std::string_view> strip_text(std::string_view text, const Value& characters, bool left,
                                    bool right);
// str.replace(), at most `most` times where that is not negative.
Result<std::string> replace_text(Sandbox& sandbox, std::string_view text, std::string_view from,
                                 std::string_view to, int64_t most);

}  // namespace helicon::text::jinja
