#include "runtime/block_drafter.h"

#include <algorithm>

namespace helicon::runtime {

void BlockDrafter::guess(std::span<Draft> drafts) {
  std::vector<Draft*> asked;
  for (Draft& draft : drafts)
    if (draft.most > 0) asked.push_back(&draft);
  const size_t at_once = models::kMaxRows / model_.block();
  for (size_t first = 0; first < asked.size(); first += at_once) {
    const auto some = std::span(asked).subspan(first, std::min(at_once, asked.size() - first));
    std::vector<models::Run> runs;
    for (const Draft* draft : some)
      runs.push_back({draft->sequence, draft->tokens.last(1), draft->sequence->length(),
                      std::min(draft->most, most())});
    std::span<const float> logits = model_.guess_blocks(runs, pages_);
    for (size_t i = 0; i < some.size(); ++i)
      for (size_t place = 0; place < runs[i].logits; ++place) {
        some[i]->guess.push_back(likeliest(logits.first(model_.vocabulary())));
        logits = logits.subspan(model_.vocabulary());
      }
  }
}

}  // namespace helicon::runtime
