// Who comes first, who waits, and for how long at most.
#include "runtime/scheduler_fixture.h"
#include "runtime/waiting_line.h"

namespace helicon::runtime {
namespace {

class Fairness : public SchedulerTest {
 protected:
  static Request owned(std::vector<TokenId> prompt, int max_tokens, std::string owner,
                       Priority priority = Priority::interactive) {
    Request r = request(std::move(prompt), max_tokens);
    r.owner = std::move(owner);
    r.priority = priority;
    return r;
  }

  // The order in which requests end that were made in this order, one at a time.
  std::vector<size_t> order_of(const std::vector<Request>& requests) {
    std::vector<size_t> order;
    std::vector<Heard> heard(requests.size());
    for (size_t i = 0; i < requests.size(); ++i) {
      const auto task = add(requests[i], heard[i]);
      task->listener.on_done = [&order, i](const Usage&) { order.push_back(i); };
    }
    run_steps();
    return order;
  }

  std::mt19937 random_{5};
};

TEST_F(Fairness, OwnersTakeTurnsForPages) {
  make(10, 128);  // room for two at a time
  const auto greedy = [&] { return owned(random_tokens(random_, 40), 60, "greedy"); };
  const auto order = order_of(
      {greedy(), greedy(), greedy(), greedy(), owned(random_tokens(random_, 40), 60, "modest")});
  ASSERT_EQ(order.size(), 5u);
  EXPECT_EQ(order[1], 4u) << "he has none running, and goes before the other one's second";
  run_all();
}

TEST_F(Fairness, OwnersTakeTurnsForRows) {
  make(512, 2048);
  std::vector<Heard> greedy(6);
  for (Heard& h : greedy) add(owned(random_tokens(random_, 1200), 2, "greedy"), h);
  for (int i = 0; i < 3; ++i) scheduler_->step();
  Heard modest;
  add(owned(random_tokens(random_, 256), 2, "modest"), modest);
  // Eight pages, of which each step has room for four: two of them his.
  int steps = 0;
  for (; modest.tokens[0].empty(); ++steps) scheduler_->step();
  EXPECT_LE(steps, 5);
  run_all();
}

TEST_F(Fairness, AShortPromptIsNotBehindALongOneOfTheSameOwner) {
  make(512, 4096);
  Heard reading, asking;
  add(owned(random_tokens(random_, 4000), 2, "one"), reading);
  scheduler_->step();
  add(owned(random_tokens(random_, 60), 2, "one"), asking);
  for (int i = 0; i < 2; ++i) scheduler_->step();
  EXPECT_FALSE(asking.tokens[0].empty());
  run_all();
}

TEST_F(Fairness, MoreWritersThanRowsTakeTurns) {
  make(4096, 512);
  std::vector<Heard> heard(4);
  for (size_t i = 0; i < 3; ++i) {
    Request r = owned(random_tokens(random_, 3), 40, "greedy");
    r.choices = 100;
    add(std::move(r), heard[i]);
  }
  add(owned(random_tokens(random_, 3), 40, "modest"), heard[3]);
  for (int i = 0; i < 30; ++i) scheduler_->step();
  EXPECT_GE(heard[3].tokens[0].size(), 28u) << "he has one in 301 choices, and half the turns";
  size_t least = 100, most = 0;
  for (size_t i = 0; i < 3; ++i)
    for (const auto& tokens : heard[i].tokens) {
      least = std::min(least, tokens.size());
      most = std::max(most, tokens.size());
    }
  EXPECT_LE(most - least, 1u);
  EXPECT_GE(least, 10u);
  run_all();
}

TEST_F(Fairness, InteractiveGoesFirstAndBackgroundIsNotStarved) {
  make(512, 512);
  Heard background, interactive;
  add(owned(random_tokens(random_, 10), 200, "one", Priority::background), background);
  for (int i = 0; i < 3; ++i) scheduler_->step();
  EXPECT_EQ(background.tokens[0].size(), 3u) << "alone, it has every step";
  add(owned(random_tokens(random_, 10), 200, "one"), interactive);
  for (int i = 0; i < 40; ++i) scheduler_->step();
  EXPECT_EQ(interactive.tokens[0].size(), 40u);
  EXPECT_EQ(background.tokens[0].size(), 13u);
  run_all();
  EXPECT_EQ(background.tokens[0].size(), 200u);
}

TEST_F(Fairness, BackgroundPromptsHaveTheirTurn) {
  make(512, 1024);
  Heard background;
  add(owned(random_tokens(random_, 320), 1, "one", Priority::background), background);
  std::vector<std::unique_ptr<Heard>> stream;
  int steps = 0;
  for (; background.done == 0 && steps < 1000; ++steps) {
    // Always more interactive prompts than rows.
    if (steps % 2 == 0)
      add(owned(random_tokens(random_, 300), 3, "two"),
          *stream.emplace_back(std::make_unique<Heard>()));
    scheduler_->step();
  }
  EXPECT_LE(steps, 100);
  run_all();
}

// However many come later, with better claims: nobody is overtaken more often than is stated.
TEST_F(Fairness, NobodyIsOvertakenForEver) {
  make(5, 128);  // room for one at a time
  std::vector<std::unique_ptr<Heard>> stream;
  Heard running, waiting;
  add(owned(random_tokens(random_, 40), 40, "first"), running);
  scheduler_->step();
  const auto task =
      add(owned(random_tokens(random_, 40), 40, "first", Priority::background), waiting);
  int finished = 0;
  for (int step = 0; waiting.done == 0 && step < 10000; ++step) {
    if (step % 10 == 0) {
      const auto other = add(owned(random_tokens(random_, 40), 40, "owner " + std::to_string(step)),
                             *stream.emplace_back(std::make_unique<Heard>()));
      other->listener.on_done = [&](const Usage&) { ++finished; };
    }
    scheduler_->step();
  }
  EXPECT_EQ(waiting.done, 1);
  EXPECT_EQ(task->overtaken, WaitingLine::kMostOvertakes);
  EXPECT_EQ(finished, WaitingLine::kMostOvertakes);
  run_all();
}

}  // namespace
}  // namespace helicon::runtime
