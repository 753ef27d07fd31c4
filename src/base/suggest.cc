#include "base/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace helicon {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the table: two back for swaps, one back, and the one being filled.
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

// "qwen-coder" of "qwen2.5-coder-1.5b": its letters in order, with others between.
bool is_subsequence(std::string_view word, std::string_view candidate) {
  for (const char letter : candidate) {
    if (!word.empty() && word.front() == letter) word.remove_prefix(1);
  }
  return word.empty();
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  // Names longer than this are no typing errors, and the table would grow with them.
  constexpr size_t longest = 200;
  if (word.empty() || word.size() > longest) return {};
  std::string best;
  size_t best_distance = std::numeric_limits<size_t>::max();
  for (const std::string& candidate : candidates) {
    if (candidate.size() > longest) continue;
    size_t distance = edit_distance(word, candidate);
    if (distance > std::max<size_t>(1, std::min(word.size(), candidate.size()) / 3)) {
      if (word.size() < 3 || !is_subsequence(word, candidate)) continue;
      distance = longest;  // any typing error is nearer
    }
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string name = nearest(word, candidates);
  return name.empty() ? std::string() : fmt::format("; did you mean '{}'?", name);
}

}  // namespace helicon
