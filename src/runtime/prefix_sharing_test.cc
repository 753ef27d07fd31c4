// What is computed once, however many ask for it, and what becomes of it.
#include "runtime/scheduler_fixture.h"

namespace helicon::runtime {
namespace {

class PrefixSharing : public SchedulerTest {
 protected:
  std::mt19937 random_{5};
};

TEST_F(PrefixSharing, ARepeatedPromptComputesOneToken) {
  make(32, 512);
  const auto prompt = random_tokens(random_, 100);
  Heard first, second, third;
  add(request(prompt, 10), first);
  run_steps();
  EXPECT_EQ(first.usage.cached_tokens, 0);
  int64_t before = model_.all_rows();
  add(request(prompt, 10), second);
  run_steps();
  EXPECT_EQ(model_.all_rows() - before, 1 + 9);
  EXPECT_EQ(second.usage.cached_tokens, 99);
  EXPECT_EQ(second.tokens[0], expected(prompt, 10));
  // One that ends with a page, too.
  const std::vector<TokenId> pages(prompt.begin(), prompt.begin() + 96);
  before = model_.all_rows();
  add(request(pages, 1), third);
  run_all();
  EXPECT_EQ(model_.all_rows() - before, 1);
  EXPECT_EQ(third.usage.cached_tokens, 95);
  EXPECT_EQ(third.tokens[0], expected(pages, 1));
}

TEST_F(PrefixSharing, AConversationGoesOnWhereItEnded) {
  make(32, 512);
  const auto prompt = random_tokens(random_, 50);
  Heard first, second;
  add(request(prompt, 37), first);
  run_steps();
  // The answer's last token has not been run.
  const auto next = joined(joined(prompt, first.tokens[0]), random_tokens(random_, 20));
  const int64_t before = model_.all_rows();
  add(request(next, 1), second);
  run_all();
  EXPECT_EQ(second.usage.cached_tokens, 50 + 36);
  EXPECT_EQ(model_.all_rows() - before, 1 + 20);
  EXPECT_EQ(second.tokens[0], expected(next, 1));
}

TEST_F(PrefixSharing, ThoseWhoComeTogetherComputeOnce) {
  for (const size_t length : {33u, 64u, 65u, 200u, 300u}) {
    make(128, 512);
    const auto prompt = random_tokens(random_, length);
    std::vector<Heard> heard(8);
    const int64_t before = model_.all_rows();
    for (Heard& h : heard) add(request(prompt, 5), h);
    run_all();
    EXPECT_EQ(model_.all_rows() - before, static_cast<int64_t>(length) + 7 + 8 * 4);
    int cached = 0;
    for (const Heard& h : heard) {
      EXPECT_EQ(h.tokens[0], expected(prompt, 5));
      cached += h.usage.cached_tokens;
    }
    EXPECT_EQ(cached, 7 * static_cast<int>(length - 1));
  }
}

TEST_F(PrefixSharing, ACommonBeginningIsComputedOnce) {
  make(128, 512);
  const auto beginning = random_tokens(random_, 320);
  std::vector<Heard> heard(8);
  std::vector<std::vector<TokenId>> prompts;
  for (size_t i = 0; i < heard.size(); ++i) {
    std::vector<TokenId> rest = random_tokens(random_, 10);
    rest[0] = static_cast<TokenId>(i);
    prompts.push_back(joined(beginning, rest));
    add(request(prompts.back(), 1), heard[i]);
    if (i % 3 == 0) scheduler_->step();  // some come while it is being computed
  }
  run_all();
  EXPECT_EQ(model_.all_rows(), 320 + 8 * 10);
  for (size_t i = 0; i < heard.size(); ++i) EXPECT_EQ(heard[i].tokens[0], expected(prompts[i], 1));
}

TEST_F(PrefixSharing, AnotherTakesOverFromWhoIsCancelled) {
  make(128, 1024);
  const auto prompt = random_tokens(random_, 900);
  std::vector<Heard> heard(4);
  std::vector<std::shared_ptr<Task>> tasks;
  for (Heard& h : heard) tasks.push_back(add(request(prompt, 3), h));
  for (size_t i = 0; i < 3; ++i) {
    scheduler_->step();
    scheduler_->step();
    tasks[i]->cancelled.store(true);
  }
  run_all();
  EXPECT_EQ(model_.all_rows(), 900 + 2);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(heard[i].reasons[0], FinishReason::cancelled);
  EXPECT_EQ(heard[3].tokens[0], expected(prompt, 3));
}

// The one who computes is behind in its turn: whoever comes first computes the next page.
TEST_F(PrefixSharing, NobodyWaitsForWhoHasNoTurn) {
  make(128, 1024);
  const auto prompt = random_tokens(random_, 900);
  Heard background, interactive, other;
  Request slow = request(prompt, 3);
  slow.priority = Priority::background;
  add(slow, background);
  scheduler_->step();
  add(request(random_tokens(random_, 500), 3), other);
  add(request(prompt, 3), interactive);
  int steps = 0;
  for (; interactive.done == 0; ++steps) scheduler_->step();
  EXPECT_LE(steps, 40);
  EXPECT_EQ(interactive.tokens[0], expected(prompt, 3));
  run_all();
  EXPECT_EQ(background.tokens[0], expected(prompt, 3));
  EXPECT_EQ(model_.all_rows(), 900 + 1 + 500 + 3 * 2);
}

TEST_F(PrefixSharing, EqualAnswersShareTheirPages) {
  make(64, 512);
  Heard heard;
  add(request(random_tokens(random_, 32), 96, 8), heard);
  while (heard.tokens[0].size() < 90) scheduler_->step();
  // The prompt's page and two full ones, once; the last one of each choice.
  EXPECT_EQ(scheduler_->free_units(), 64u - 3u - 8u);
  run_all();
}

TEST_F(PrefixSharing, OldPagesMakeRoomForNewRequests) {
  make(6, 128);
  for (int round = 0; round < 20; ++round) {
    const auto prompt = random_tokens(random_, 70);
    Heard heard;
    add(request(prompt, 50), heard);  // five pages at worst
    run_steps();
    EXPECT_EQ(heard.tokens[0], expected(prompt, 50));
    EXPECT_EQ(heard.usage.cached_tokens, 0);
  }
  run_all();
}

TEST_F(PrefixSharing, WhatRunsIsNeverLetGo) {
  make(8, 256);
  const auto prompt = random_tokens(random_, 96);
  Heard writing, waiting;
  add(request(prompt, 60), writing);  // six pages at worst
  for (int i = 0; i < 10; ++i) scheduler_->step();
  add(request(random_tokens(random_, 96), 10), waiting);  // five
  for (int i = 0; i < 10; ++i) scheduler_->step();
  EXPECT_TRUE(waiting.tokens[0].empty());
  EXPECT_EQ(writing.tokens[0].size(), 20u);
  run_all();
  EXPECT_EQ(writing.tokens[0], expected(prompt, 60));
  EXPECT_EQ(waiting.tokens[0].size(), 10u);
}

// Four pages of prompt that both have, and one each for what they write: together they fit.
TEST_F(PrefixSharing, SharedPagesCountOnce) {
  make(8, 256);
  const auto prompt = random_tokens(random_, 128);
  std::vector<Heard> heard(3);
  add(request(prompt, 30), heard[0]);
  while (heard[0].tokens[0].empty()) scheduler_->step();
  add(request(prompt, 20), heard[1]);
  scheduler_->step();
  EXPECT_FALSE(heard[1].tokens[0].empty());
  run_all();
}

TEST_F(PrefixSharing, WindowsGiveTheirPagesBack) {
  model_.see_window(64);
  make(100, 1024);
  const auto prompt = random_tokens(random_, 800);
  Heard first, second, third;
  add(request(prompt, 100), first);
  while (first.tokens[0].size() < 90) scheduler_->step();
  // 889 positions on 28 full pages, and 4 of the window; kept are 3 that were seen where the prompt
  // ended, and a page before.
  EXPECT_EQ(scheduler_->free_units(), 100u - 28u - 4u);
  EXPECT_EQ(pool_->available(), 100u - 28u - 4u - 2u);
  run_steps();
  EXPECT_EQ(first.tokens[0], expected(prompt, 100));
  // Both ends can be found again.
  add(request(prompt, 100), second);
  run_steps();
  EXPECT_EQ(second.usage.cached_tokens, 799);
  const auto next = joined(joined(prompt, second.tokens[0]), {1, 2, 3});
  add(request(next, 10), third);
  run_all();
  EXPECT_EQ(third.usage.cached_tokens, 899);
  EXPECT_EQ(third.tokens[0], expected(next, 10));
}

// Nobody knows where conversations will part until they do.
TEST_F(PrefixSharing, WithoutItsWindowAPrefixDoesNotCount) {
  model_.see_window(64);
  make(200, 1024);
  const auto beginning = random_tokens(random_, 320);
  for (int round = 0; round < 4; ++round) {
    auto prompt = joined(beginning, random_tokens(random_, 300));
    prompt[320] = round;
    Heard heard;
    add(request(prompt, 5), heard);
    run_steps();
    EXPECT_EQ(heard.usage.cached_tokens, round < 2 ? 0 : 320);
    EXPECT_EQ(heard.tokens[0], expected(prompt, 5));
  }
  run_all();
}

TEST_F(PrefixSharing, KeepsToItsBudget) {
  make(64, 512, {.cached_units = 3});
  for (int round = 0; round < 5; ++round) {
    Heard heard;
    add(request(random_tokens(random_, 100), 50), heard);
    run_steps();
  }
  EXPECT_EQ(pool_->available(), 61u);
  run_all();
}

}  // namespace
}  // namespace helicon::runtime
