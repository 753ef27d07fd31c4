// Finding text in text, in time linear in both whatever they are.
#pragma once

#include <string_view>

namespace helicon::text::jinja {

// The byte at which `wanted` first starts at or after `from`, or npos.
size_t find_text(std::string_view text, std::string_view wanted, size_t from = 0);
// The byte at which `wanted` last starts and ends before `end`, or npos.
size_t find_last_text(std::string_view text, std::string_view wanted,
                      size_t end = std::string_view::npos);
// How often `wanted`, which is not empty, occurs without overlap.
size_t count_text(std::string_view text, std::string_view wanted);

}  // namespace helicon::text::jinja
