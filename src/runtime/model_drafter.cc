#include "runtime/model_drafter.h"

#include <algorithm>

namespace helicon::runtime {

ModelDrafter::ModelDrafter(models::Model& model, cache::PagePool& pages, size_t vocabulary)
    : model_(model),
      pages_(pages),
      vocabulary_(std::min(vocabulary, model.vocabulary())),
      tree_(pages) {}

bool ModelDrafter::reserve(cache::Sequence& sequence, int count) {
  while (!sequence.reserve(count))
    if (!tree_.evict()) return false;
  return true;
}

// The answer as far as it is certain: guesses that came true need not be run again.
ModelDrafter::Writer* ModelDrafter::find(const Draft& draft) {
  const auto [it, is_new] =
      writers_.try_emplace(draft.writer, Writer{cache::PrefixTree::Reader(tree_), {}});
  Writer& writer = it->second;
  cache::Sequence& sequence = writer.reader.sequence();
  const auto certain = draft.tokens.first(draft.tokens.size() - 1);
  if (is_new) {
    writer.reader.adopt(draft.tokens);
    const auto found = certain.first(static_cast<size_t>(sequence.length()));
    writer.run.assign(found.begin(), found.end());
  }
  const auto common =
      std::mismatch(writer.run.begin(), writer.run.end(), certain.begin(), certain.end()).first -
      writer.run.begin();
  writer.run.resize(static_cast<size_t>(common));
  sequence.truncate(static_cast<int>(common));
  writer.reader.publish(certain);
  return &writer;
}

// It has no eyes: what a picture was encoded to is nothing to it.
bool ModelDrafter::readable(std::span<const TokenId> tokens) const {
  return std::all_of(tokens.begin(), tokens.end(), [&](TokenId token) {
    return static_cast<size_t>(token) < model_.vocabulary();
  });
}

void ModelDrafter::guess(std::span<Draft> drafts) {
  std::vector<Active> active;
  for (Draft& draft : drafts) {
    if (draft.most == 0 || !readable(draft.tokens)) continue;
    Writer* writer = find(draft);
    const auto next = draft.tokens.subspan(writer->run.size());
    active.push_back({&draft, writer, {next.begin(), next.end()}});
  }
  while (!active.empty()) {
    pass(active);
    std::erase_if(active, [](const Active& one) {
      return one.next.empty() || one.draft->guess.size() == one.draft->most;
    });
  }
}

// Runs what is next of all; whoever is through with it has the next token guessed.
void ModelDrafter::pass(std::span<Active> active) {
  std::vector<models::Run> runs;
  size_t left = models::kMaxRows;
  for (Active& one : active) {
    cache::Sequence& sequence = one.writer->reader.sequence();
    one.rows = std::min(left, one.next.size());
    if (one.rows == 0) continue;
    if (!reserve(sequence, static_cast<int>(one.rows))) {
      one.rows = 0;
      one.next.clear();
      continue;
    }
    left -= one.rows;
    runs.push_back({&sequence, std::span<const TokenId>(one.next).first(one.rows),
                    sequence.length(), one.rows == one.next.size() ? 1u : 0u});
  }
  if (runs.empty()) return;
  std::span<const float> logits = model_.forward(runs, pages_);
  for (Active& one : active) {
    if (one.rows == 0) continue;
    const auto end = one.next.begin() + static_cast<std::ptrdiff_t>(one.rows);
    one.writer->run.insert(one.writer->run.end(), one.next.begin(), end);
    one.writer->reader.sequence().advance(static_cast<int>(one.rows));
    one.next.erase(one.next.begin(), end);
    if (!one.next.empty()) continue;
    const TokenId next = likeliest(logits.first(vocabulary_));
    one.draft->guess.push_back(next);
    one.next.push_back(next);
    logits = logits.subspan(model_.vocabulary());
  }
}

}  // namespace helicon::runtime
