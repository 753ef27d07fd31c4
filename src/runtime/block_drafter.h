// The model's own drafter guesses (Model::guess_blocks): a block of tokens in one pass.
#pragma once

#include "cache/page_pool.h"
#include "models/model.h"
#include "runtime/drafter.h"

namespace helicon::runtime {

class BlockDrafter final : public Drafter {
 public:
  // Both must outlive it; the pages are the model's.
  BlockDrafter(models::Model& model, cache::PagePool& pages) : model_(model), pages_(pages) {}

  void guess(std::span<Draft> drafts) override;
  GuessCost cost() const override { return GuessCost::all; }
  size_t most() const override { return model_.block() - 1; }
  size_t reach() const override { return model_.block(); }

 private:
  models::Model& model_;
  cache::PagePool& pages_;
};

}  // namespace helicon::runtime
