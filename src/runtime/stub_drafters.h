// A drafter for tests, who knows how often he is right.
#pragma once

#include <random>

#include "runtime/drafter.h"
#include "runtime/fake_model.h"

namespace helicon::runtime {

// Knows what the fake model goes on with, and says so `percent` times in a hundred.
class Prophet final : public Drafter {
 public:
  Prophet(unsigned percent, unsigned seed) : percent_(percent), random_(seed) {}

  void guess(std::span<Draft> drafts) override {
    for (Draft& draft : drafts) {
      std::vector<TokenId> past(draft.tokens.begin(), draft.tokens.end());
      while (draft.guess.size() < draft.most) {
        TokenId token = FakeModel::next(past);
        if (random_() % 100 >= percent_) token = (token + 1) % kFakeEnd;
        draft.guess.push_back(token);
        past.push_back(token);
      }
    }
  }
  GuessCost cost() const override { return GuessCost::none; }

 private:
  unsigned percent_;
  std::mt19937 random_;
};

}  // namespace helicon::runtime
