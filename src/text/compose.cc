#include "text/compose.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "text/utf8.h"

namespace helicon::text {
namespace {

using CodePoint = utf8proc_int32_t;

constexpr auto canonical = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
constexpr auto canonical_composed =
    static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);

int combining_class(CodePoint code_point) {
  return utf8proc_get_property(code_point)->combining_class;
}

void append_decomposed(std::vector<CodePoint>& decomposed, char32_t code_point) {
  std::array<CodePoint, 8> parts{};  // canonical decompositions have at most 4
  int boundary = 0;
  const auto count = utf8proc_decompose_char(static_cast<CodePoint>(code_point), parts.data(),
                                             parts.size(), canonical, &boundary);
  decomposed.insert(decomposed.end(), parts.begin(), parts.begin() + count);
}

// The canonical ordering algorithm: each row of marks by class, equal classes as they stood.
// utf8proc_decompose would do it too, but takes quadratic time for a long row.
void order_marks(std::vector<CodePoint>& decomposed) {
  struct Mark {
    int combining_class;
    size_t place;
    CodePoint code_point;
  };
  std::vector<Mark> row;
  for (size_t begin = 0; begin < decomposed.size();) {
    row.clear();
    size_t end = begin;
    for (; end < decomposed.size() && combining_class(decomposed[end]) != 0; ++end) {
      row.push_back({combining_class(decomposed[end]), end, decomposed[end]});
    }
    std::sort(row.begin(), row.end(), [](const Mark& a, const Mark& b) {
      return std::tie(a.combining_class, a.place) < std::tie(b.combining_class, b.place);
    });
    for (size_t i = 0; i < row.size(); ++i) decomposed[begin + i] = row[i].code_point;
    begin = end + 1;  // past the character that is no mark
  }
}

void append_composed(std::string& text, std::vector<CodePoint>& decomposed) {
  order_marks(decomposed);
  const auto length = utf8proc_normalize_utf32(
      decomposed.data(), static_cast<utf8proc_ssize_t>(decomposed.size()), canonical_composed);
  for (utf8proc_ssize_t i = 0; i < length; ++i) {
    append_utf8(text, static_cast<char32_t>(decomposed[static_cast<size_t>(i)]));
  }
  decomposed.clear();
}

}  // namespace

std::string compose(std::string_view text) {
  // Everything before U+0300, where UTF-8 begins with 0xCC, is composed as it stands.
  const bool is_composed = std::all_of(text.begin(), text.end(),
                                       [](char c) { return static_cast<unsigned char>(c) < 0xCC; });
  if (is_composed) return std::string(text);
  std::string composed;
  composed.reserve(text.size());
  std::vector<CodePoint> decomposed;
  while (!text.empty()) {
    const Utf8Step step = first_utf8(text);
    if (step.kind == Utf8Step::Kind::valid) {
      append_decomposed(decomposed, step.code_point);
    } else {
      append_composed(composed, decomposed);
      composed.append(text.substr(0, step.bytes));
    }
    text.remove_prefix(step.bytes);
  }
  append_composed(composed, decomposed);
  return composed;
}

}  // namespace helicon::text
