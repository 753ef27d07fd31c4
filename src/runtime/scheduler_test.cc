#include "runtime/scheduler.h"

#include <gtest/gtest.h>

#include <random>

#include "runtime/fake_model.h"

namespace helicon::runtime {
namespace {

// What a listener has heard of one request.
struct Heard {
  std::vector<std::vector<TokenId>> tokens;  // by choice
  std::vector<std::string> text;
  std::vector<int> finishes;
  std::vector<FinishReason> reasons;
  int done = 0;
  Usage usage;
};

class SchedulerTest : public testing::Test {
 protected:
  void make(size_t pages, int context, SchedulerOptions options = {}) {
    pool_ = std::move(cache::PagePool::create(FakeModel::kShape, pages)).value();
    scheduler_ = std::make_unique<Scheduler>(model_, *pool_, std::make_shared<FakeTokenizer>(),
                                             context, options);
  }

  static Request request(std::vector<TokenId> prompt, int max_tokens, int choices = 1) {
    Request r;
    r.prompt = std::move(prompt);
    r.max_tokens = max_tokens;
    r.choices = choices;
    r.sampling.temperature = 0;
    return r;
  }

  std::shared_ptr<Task> add(Request r, Heard& heard) {
    const auto choices = static_cast<size_t>(r.choices);
    heard.tokens.resize(choices);
    heard.text.resize(choices);
    heard.finishes.resize(choices);
    heard.reasons.resize(choices);
    Listener listener;
    listener.on_event = [&heard](Event event) {
      EXPECT_EQ(heard.done, 0);
      const auto c = static_cast<size_t>(event.choice);
      EXPECT_EQ(heard.finishes[c], 0) << "an event after the last";
      if (event.token) heard.tokens[c].push_back(*event.token);
      heard.text[c] += event.text;
      if (event.finish) ++heard.finishes[c], heard.reasons[c] = *event.finish;
    };
    listener.on_done = [&heard](const Usage& usage) { ++heard.done, heard.usage = usage; };
    auto task = std::make_shared<Task>(std::move(r), std::move(listener));
    scheduler_->add(task);
    return task;
  }

  void run_all() {
    for (int i = 0; i < 100000 && !scheduler_->idle(); ++i) scheduler_->step();
    EXPECT_TRUE(scheduler_->idle());
    EXPECT_EQ(scheduler_->free_pages(), pool_->capacity());
    scheduler_->clear_cache();
    EXPECT_EQ(pool_->available(), pool_->capacity());
  }

  static std::vector<TokenId> expected(std::vector<TokenId> past, int count) {
    std::vector<TokenId> answer;
    for (int i = 0; i < count; ++i) {
      answer.push_back(FakeModel::next(past));
      past.push_back(answer.back());
    }
    return answer;
  }

  FakeModel model_;
  std::unique_ptr<cache::PagePool> pool_;
  std::unique_ptr<Scheduler> scheduler_;
};

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

TEST_F(SchedulerTest, OwnersTakeTurns) {
  make(5, 128);  // room for one at a time
  std::vector<int> order;
  std::vector<Heard> heard(6);
  for (int i = 0; i < 6; ++i) {
    Request r = request({1, 2}, 60);
    r.owner = i < 5 ? "greedy" : "modest";
    auto task = add(std::move(r), heard[static_cast<size_t>(i)]);
    auto done = task->listener.on_done;
    task->listener.on_done = [&order, i, done](const Usage& usage) {
      order.push_back(i), done(usage);
    };
    if (i == 0) scheduler_->step();
  }
  run_all();
  // All wait equally; who has fewer running goes by age: the modest one is not behind all five.
  ASSERT_EQ(order.size(), 6u);
  EXPECT_EQ(order[0], 0);
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
  EXPECT_EQ(scheduler_->free_pages(), pool_->capacity());
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

// Thousands of random arrivals, sizes, choices and cancellations: every answer is right as far as
// it goes, every listener is told of each end once, every page comes back, nobody starves.
TEST_F(SchedulerTest, RandomTraffic) {
  make(40, 256);
  std::mt19937 random(11);
  struct Client {
    Heard heard;
    Request request;
    std::shared_ptr<Task> task;
    bool cancelled = false;
  };
  std::vector<std::unique_ptr<Client>> clients;
  for (int step = 0; step < 20000; ++step) {
    if (random() % 8 == 0 && clients.size() < 2500) {
      auto client = std::make_unique<Client>();
      std::vector<TokenId> prompt(1 + random() % 150);
      for (TokenId& token : prompt) token = static_cast<TokenId>(random() % 31);
      client->request = request(std::move(prompt), 1 + static_cast<int>(random() % 60),
                                1 + static_cast<int>(random() % 4));
      client->request.owner = std::string(1, static_cast<char>('a' + random() % 4));
      ASSERT_TRUE(scheduler_->check(client->request).ok());
      client->task = add(client->request, client->heard);
      clients.push_back(std::move(client));
    }
    if (random() % 40 == 0 && !clients.empty()) {
      Client& client =
          *clients[clients.size() - 1 - random() % std::min<size_t>(clients.size(), 20)];
      client.task->cancelled.store(true);
      client.cancelled = true;
    }
    scheduler_->step();
  }
  run_all();
  EXPECT_GT(clients.size(), 2000u);
  for (const auto& client : clients) {
    ASSERT_EQ(client->heard.done, 1);
    for (size_t c = 0; c < client->heard.tokens.size(); ++c) {
      ASSERT_EQ(client->heard.finishes[c], 1);
      const auto all = expected(client->request.prompt, client->request.max_tokens);
      const auto& got = client->heard.tokens[c];
      ASSERT_LE(got.size(), all.size());
      ASSERT_TRUE(std::equal(got.begin(), got.end(), all.begin()));
      if (!client->cancelled) {
        ASSERT_EQ(got.size(), all.size());
      }
    }
  }
}

}  // namespace
}  // namespace helicon::runtime
