#include "runtime/speculation.h"

#include "runtime/model_drafter.h"
#include "runtime/scheduler_fixture.h"
#include "runtime/stub_drafters.h"

namespace helicon::runtime {
namespace {

std::vector<TokenId> lookup(const std::vector<TokenId>& tokens, size_t most = 4) {
  Draft draft{1, tokens, most, {}};
  LookupDrafter().guess({&draft, 1});
  return draft.guess;
}

TEST(LookupDrafter, GoesOnAsItDidBefore) {
  EXPECT_EQ(lookup({1, 2, 3, 4, 5, 6, 1, 2}), (std::vector<TokenId>{3, 4, 5, 6}));
  EXPECT_EQ(lookup({1, 2, 3, 4, 5, 6, 1, 2}, 2), (std::vector<TokenId>{3, 4}));
  EXPECT_EQ(lookup({1, 2, 9, 1, 2}), (std::vector<TokenId>{9, 1, 2}));
  EXPECT_EQ(lookup({7, 7, 7}), (std::vector<TokenId>{7}));
}

TEST(LookupDrafter, NeedsTwoTokens) {
  EXPECT_TRUE(lookup({1, 2, 3, 4, 2}).empty());
  EXPECT_TRUE(lookup({1}).empty());
  EXPECT_TRUE(lookup({1, 2}).empty());
}

TEST(LookupDrafter, TheLongestEndAndThenTheLatest) {
  EXPECT_EQ(lookup({1, 2, 3, 8, 0, 2, 3, 9, 1, 2, 3}, 1), (std::vector<TokenId>{8}));
  EXPECT_EQ(lookup({2, 3, 8, 0, 2, 3, 9, 0, 1, 2, 3}, 1), (std::vector<TokenId>{9}));
}

TEST(StepCost, WhatIsNotKnownCostsAsMuchAsLess) {
  StepCost cost;
  cost.measured(1, 2.0);
  EXPECT_EQ(cost.seconds(5), 2.0);
  cost.measured(4, 3.0);
  EXPECT_EQ(cost.seconds(3), 2.0);
  EXPECT_EQ(cost.seconds(5), 3.0);
  for (int i = 0; i < 100; ++i) cost.measured(4, 6.0);
  EXPECT_NEAR(cost.seconds(4), 6.0, 0.01);
}

// One answer with guesses that are right so often, and rows that cost so much.
size_t guesses_taken(double row_seconds, int right_of_ten) {
  Speculation speculation(SpeculationMode::automatic, std::make_unique<LookupDrafter>());
  const std::vector<TokenId> tokens{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2};
  size_t taken = 0;
  for (int step = 0; step < 255; ++step) {
    std::vector<Draft> drafts{{1, tokens, 100, {}}};
    speculation.guess(drafts);
    taken = drafts[0].guess.size();
    speculation.measured(1 + taken, 1.0 + row_seconds * static_cast<double>(taken));
    speculation.checked(1, taken, step % 10 < right_of_ten ? taken : 0);
  }
  return taken;
}

TEST(Speculation, TakesGuessesThatPay) {
  EXPECT_EQ(guesses_taken(0.01, 10), 8u);  // right, and cheap
  EXPECT_EQ(guesses_taken(0.5, 0), 0u);    // wrong
  EXPECT_EQ(guesses_taken(1.1, 10), 0u);   // right, but dear
}

TEST(Speculation, AFullStepLeavesNothingToGuess) {
  Speculation speculation(SpeculationMode::lookup, std::make_unique<LookupDrafter>());
  const std::vector<TokenId> tokens{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2};
  for (const size_t writers : {1u, 2u, 5u, 8u, 15u, 16u, 40u}) {
    std::vector<Draft> drafts(writers, Draft{1, tokens, 100, {}});
    speculation.guess(drafts);
    size_t rows = writers;
    for (const Draft& draft : drafts) rows += draft.guess.size();
    EXPECT_LE(rows, std::max(writers, Speculation::kMostRows));
    EXPECT_EQ(rows > writers, writers <= 8);
  }
}

class SpeculationInSteps : public SchedulerTest {
 protected:
  // All that is heard of some requests, with or without guesses.
  std::vector<Heard> answers(SpeculationMode mode, std::unique_ptr<Drafter> drafter = nullptr) {
    make(200, 512, {.speculation = mode}, std::move(drafter));
    std::mt19937 random(3);
    std::vector<Heard> heard(6);
    for (size_t i = 0; i < heard.size(); ++i) {
      Request r = request(random_tokens(random, 20 + 30 * i), 100, i == 2 ? 3 : 1);
      if (i % 2 == 1) {
        r.sampling.temperature = 3;  // the fake model's choice is ten above the others
        r.sampling.seed = i;
        r.sampling.frequency_penalty = 0.5f;
      }
      r.top_logprobs = 2;
      if (i == 4) r.stop = {FakeTokenizer().decode(expected(r.prompt, 60), false).substr(40, 4)};
      add(std::move(r), heard[i]);
      if (i % 2 == 0) scheduler_->step();
    }
    run_all();
    return heard;
  }

  static void expect_same(const std::vector<Heard>& a, const std::vector<Heard>& b) {
    for (size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].tokens, b[i].tokens);
      EXPECT_EQ(a[i].text, b[i].text);
      EXPECT_EQ(a[i].reasons, b[i].reasons);
      EXPECT_EQ(a[i].logprobs, b[i].logprobs);
      EXPECT_EQ(a[i].usage.completion_tokens, b[i].usage.completion_tokens);
    }
  }
};

TEST_F(SpeculationInSteps, ChangesNothingButTheSteps) {
  const auto plain = answers(SpeculationMode::off);
  for (const unsigned percent : {0u, 50u, 95u, 100u}) {
    const int before = model_.passes();
    expect_same(plain, answers(SpeculationMode::lookup, std::make_unique<Prophet>(percent, 1)));
    if (percent == 100) {
      EXPECT_LT(model_.passes() - before, 70);
    }
  }
  expect_same(plain, answers(SpeculationMode::lookup));
  expect_same(plain, answers(SpeculationMode::automatic));
}

TEST_F(SpeculationInSteps, OneAnswerTakesFewerSteps) {
  make(32, 512, {.speculation = SpeculationMode::lookup}, std::make_unique<Prophet>(100, 1));
  Heard heard;
  add(request({1, 2, 3}, 91), heard);
  run_all();
  EXPECT_EQ(heard.tokens[0], expected({1, 2, 3}, 91));
  EXPECT_EQ(model_.passes(), 1 + 10);  // one token of the prompt's, and nine a step
}

TEST_F(SpeculationInSteps, ADraftModelGuesses) {
  const auto plain = answers(SpeculationMode::off);
  FakeModel draft;
  for (const size_t pages : {200u, 12u}) {  // with too few, some answers have no guesses
    auto pool = std::move(cache::PagePool::create(FakeModel::kShape, pages)).value();
    const int before = model_.passes();
    expect_same(plain, answers(SpeculationMode::lookup,
                               std::make_unique<ModelDrafter>(draft, *pool, kFakeVocabulary)));
    if (pages == 200) {
      EXPECT_LT(model_.passes() - before, 70);
    }
    scheduler_.reset();
    EXPECT_EQ(pool->available(), pool->capacity());
  }
  EXPECT_GT(draft.passes(), 0);
}

}  // namespace
}  // namespace helicon::runtime
