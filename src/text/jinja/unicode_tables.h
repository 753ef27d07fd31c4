// The tables behind unicode.h; unicode_tables.py writes them.
#pragma once

#include <cstdint>
#include <span>

namespace helicon::text::jinja::unicode {

// Characters first, first + stride, ... last map to themselves + delta.
struct CaseRange {
  uint32_t first, last, stride;
  int32_t delta;
};

// A character that maps to several.
struct CaseSpecial {
  uint32_t code;
  const char* text;
};

// First character << 11 | properties, of each run of characters with the same properties.
extern const std::span<const uint32_t> property_runs;
extern const std::span<const CaseRange> upper_ranges, lower_ranges;
extern const std::span<const CaseSpecial> upper_specials, lower_specials;
// Only where title case is not upper case.
extern const std::span<const CaseRange> title_ranges;
extern const std::span<const CaseSpecial> title_specials;

}  // namespace helicon::text::jinja::unicode
