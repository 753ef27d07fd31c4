#include "runtime/scheduler.h"

#include "runtime/scheduler_fixture.h"

namespace helicon::runtime {
namespace {

TEST_F(SchedulerTest, AnswersOneRequest) {
  make(16, 512);
  Heard heard;
  add(request({1, 2, 3}, 50), heard);
  run_all();
  EXPECT_EQ(heard.tokens[0], expected({1, 2, 3}, 50));
  EXPECT_EQ(heard.reasons[0], FinishReason::length);
  EXPECT_EQ(heard.done, 1);
  EXPECT_EQ(heard.usage.prompt_tokens, 3);
  EXPECT_EQ(heard.usage.completion_tokens, 50);
}

TEST_F(SchedulerTest, ChoicesForkThePrompt) {
  make(64, 512);
  Heard heard;
  std::vector<TokenId> prompt(45, 7);
  add(request(prompt, 40, 6), heard);
  run_all();
  for (const auto& tokens : heard.tokens) EXPECT_EQ(tokens, expected(prompt, 40));
}

TEST_F(SchedulerTest, LongPromptsGoInPartsBesideWriting) {
  make(64, 1024);
  Heard writing, reading;
  add(request({1}, 60), writing);
  scheduler_->step();
  std::vector<TokenId> prompt(600, 3);
  add(request(prompt, 5), reading);
  size_t before = writing.tokens[0].size();
  while (reading.tokens[0].empty()) {
    scheduler_->step();
    EXPECT_LE(model_.last_rows(), 65);
    EXPECT_EQ(writing.tokens[0].size(), before + 1) << "the writer waited";
    before = writing.tokens[0].size();
  }
  run_all();
  EXPECT_EQ(reading.tokens[0], expected(prompt, 5));
}

TEST_F(SchedulerTest, WaitsForPagesAndNeverRunsOut) {
  make(8, 128);
  std::vector<Heard> heard(10);
  for (auto& h : heard) add(request({1, 2}, 100), h);  // 5 pages each at worst
  run_all();
  for (const auto& h : heard) EXPECT_EQ(h.tokens[0], expected({1, 2}, 100));
}

TEST_F(SchedulerTest, CancelStopsBeforeTheNextToken) {
  make(32, 512);
  Heard heard, waiting;
  const auto task = add(request({1}, 200, 3), heard);
  for (int i = 0; i < 5; ++i) scheduler_->step();
  const size_t before = heard.tokens[0].size();
  task->cancelled.store(true);
  scheduler_->step();
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(heard.tokens[c].size(), before);
    EXPECT_EQ(heard.reasons[c], FinishReason::cancelled);
    EXPECT_EQ(heard.finishes[c], 1);
  }
  EXPECT_EQ(heard.done, 1);
  EXPECT_EQ(scheduler_->free_units(), pool_->capacity());
}

TEST_F(SchedulerTest, StopStringsEndAChoiceAndAreNotShown) {
  make(16, 512);
  const std::vector<TokenId> prompt{4, 5};
  const std::string full = FakeTokenizer().decode(expected(prompt, 40), false);
  Request r = request(prompt, 40);
  r.stop = {full.substr(10, 3), "nothing of the kind"};
  Heard heard;
  add(std::move(r), heard);
  run_all();
  EXPECT_EQ(heard.text[0], full.substr(0, full.find(full.substr(10, 3))));
  EXPECT_EQ(heard.reasons[0], FinishReason::stop);
}

TEST_F(SchedulerTest, DamagedWeightsEndEverythingWithAnError) {
  make(16, 512);
  Heard heard;
  add(request({1}, 100), heard);
  scheduler_->step();
  model_.damage();
  scheduler_->step();
  EXPECT_EQ(heard.reasons[0], FinishReason::error);
  EXPECT_EQ(heard.done, 1);
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerTest, NumbersThatAreNoneEndAnAnswerWithAnError) {
  make(16, 512);
  Heard heard;
  add(request({1}, 100, 2), heard);
  scheduler_->step();
  model_.lose_numbers();
  scheduler_->step();
  for (size_t c = 0; c < 2; ++c) EXPECT_EQ(heard.reasons[c], FinishReason::error);
  EXPECT_EQ(heard.done, 1);
  EXPECT_TRUE(scheduler_->idle());
}

TEST_F(SchedulerTest, RefusesWhatCannotRun) {
  make(8, 100);
  const auto refused = [&](Request r) { return scheduler_->check(r).error(); };
  EXPECT_EQ(refused(request({}, 1)).code, ErrorCode::invalid_argument);
  EXPECT_EQ(refused(request({32}, 1)).code, ErrorCode::invalid_argument);
  EXPECT_EQ(refused(request({-1}, 1)).code, ErrorCode::invalid_argument);
  const Error long_prompt = refused(request(std::vector<TokenId>(100, 1), 1));
  EXPECT_EQ(long_prompt.code, ErrorCode::context_length);
  EXPECT_NE(long_prompt.message.find("100 tokens"), std::string::npos);
  EXPECT_EQ(refused(request({1}, 100)).code, ErrorCode::context_length);
  EXPECT_EQ(refused(request({1}, 0)).parameter, "max_tokens");
  EXPECT_EQ(refused(request({1}, 1, 0)).parameter, "n");
  EXPECT_EQ(refused(request({1}, 90, 9)).code, ErrorCode::too_large);
  Request open = request({1, 2}, -1);
  EXPECT_TRUE(scheduler_->check(open).ok());
  EXPECT_EQ(open.max_tokens, 98);
}

}  // namespace
}  // namespace helicon::runtime
