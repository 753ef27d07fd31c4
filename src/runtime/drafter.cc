#include "runtime/drafter.h"

#include <algorithm>

namespace helicon::runtime {
namespace {

// Where the tokens go on that followed the latest earlier occurrence of their longest end; their
// size where there is none.
size_t continuation(std::span<const TokenId> tokens) {
  const size_t size = tokens.size();
  size_t best = 0, found = size;
  for (size_t end = size - 1; end > 0 && best < LookupDrafter::kLongest; --end) {
    size_t length = 0;
    while (length < std::min(end, LookupDrafter::kLongest) &&
           tokens[end - 1 - length] == tokens[size - 1 - length])
      ++length;
    if (length > best) best = length, found = end;
  }
  return best >= LookupDrafter::kShortest ? found : size;
}

}  // namespace

TokenId likeliest(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

void LookupDrafter::guess(std::span<Draft> drafts) {
  for (Draft& draft : drafts) {
    if (draft.most == 0 || draft.tokens.empty()) continue;
    const auto next = draft.tokens.subspan(continuation(draft.tokens));
    const auto taken = next.first(std::min(draft.most, next.size()));
    draft.guess.assign(taken.begin(), taken.end());
  }
}

}  // namespace helicon::runtime
