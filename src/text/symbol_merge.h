// Byte-pair merging: of all neighbouring symbols that form a token, always the pair of lowest rank.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <queue>
#include <vector>

#include "text/tokenizer.h"

namespace helicon::text {

// A stretch of text that has been merged so far; they form a doubly linked list.
struct Symbol {
  static constexpr uint32_t none = std::numeric_limits<uint32_t>::max();

  uint32_t begin = 0;   // in the text, bytes
  uint32_t length = 0;  // bytes; 0 once merged into its left neighbour
  TokenId id = -1;      // -1: not a token by itself
  uint32_t previous = none;
  uint32_t next = none;
};

struct Merge {
  uint32_t rank = 0;  // lower ones go first; of equal ranks the leftmost
  TokenId id = -1;
};

// Appends a symbol behind the last one.
inline void append_symbol(std::vector<Symbol>& symbols, Symbol symbol) {
  const auto index = static_cast<uint32_t>(symbols.size());
  if (index > 0) {
    symbol.previous = index - 1;
    symbols.back().next = index;
  }
  symbols.push_back(symbol);
}

// Merges until no pair is left that `find_merge(left, right) -> std::optional<Merge>` knows. The
// first symbol stays first; the others are reached by `next`. Takes O(n log n) for n symbols.
template <typename FindMerge>
void merge_symbols(std::vector<Symbol>& symbols, const FindMerge& find_merge) {
  struct Candidate {
    Merge merge;
    uint32_t left, right, length;
  };
  const auto goes_later = [](const Candidate& a, const Candidate& b) {
    return a.merge.rank != b.merge.rank ? a.merge.rank > b.merge.rank : a.left > b.left;
  };
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(goes_later)> queue(goes_later);
  const auto consider = [&](uint32_t left, uint32_t right) {
    if (left == Symbol::none || right == Symbol::none) return;
    const std::optional<Merge> merge = find_merge(symbols[left], symbols[right]);
    if (merge) queue.push({*merge, left, right, symbols[left].length + symbols[right].length});
  };
  for (uint32_t i = 0; i + 1 < symbols.size(); ++i) consider(i, i + 1);

  while (!queue.empty()) {
    const Candidate candidate = queue.top();
    queue.pop();
    Symbol& left = symbols[candidate.left];
    Symbol& right = symbols[candidate.right];
    // Symbols only grow or vanish, so equal length means that both are what they were.
    if (left.length == 0 || right.length == 0) continue;
    if (left.length + right.length != candidate.length) continue;
    left.length = candidate.length;
    left.id = candidate.merge.id;
    left.next = right.next;
    right.length = 0;
    if (left.next != Symbol::none) symbols[left.next].previous = candidate.left;
    consider(left.previous, candidate.left);
    consider(candidate.left, left.next);
  }
}

}  // namespace helicon::text
