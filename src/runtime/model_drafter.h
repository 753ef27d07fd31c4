// A small model of the same vocabulary guesses: its likeliest tokens, one after the other.
#pragma once

#include <map>
#include <memory>

#include "cache/prefix_tree.h"
#include "models/model.h"
#include "runtime/drafter.h"

namespace helicon::runtime {

class ModelDrafter final : public Drafter {
 public:
  // Guesses only tokens below `vocabulary`. Model and pages must outlive it.
  ModelDrafter(models::Model& model, cache::PagePool& pages, size_t vocabulary);

  // Answers whose pages there is no room for get no guess, nor do those to pictures and the like.
  void guess(std::span<Draft> drafts) override;
  GuessCost cost() const override { return GuessCost::each; }
  void forget(uint64_t writer) override { writers_.erase(writer); }

 private:
  struct Writer {
    cache::PrefixTree::Reader reader;
    std::vector<TokenId> run;  // what the reader's positions hold
  };
  struct Active {
    Draft* draft;
    Writer* writer;
    std::vector<TokenId> next;  // to be run
    size_t rows = 0;            // of those, in this pass
  };

  bool readable(std::span<const TokenId> tokens) const;
  Writer* find(const Draft& draft);
  void pass(std::span<Active> active);
  bool reserve(cache::Sequence& sequence, int count);

  models::Model& model_;
  cache::PagePool& pages_;
  size_t vocabulary_;
  cache::PrefixTree tree_;
  std::map<uint64_t, Writer> writers_;
};

}  // namespace helicon::runtime
