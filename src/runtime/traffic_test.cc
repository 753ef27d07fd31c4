// Thousands of requests by chance: every answer is right as far as it goes, every listener is told
// of each end once, every page comes back, and nobody starves.
#include "runtime/scheduler_fixture.h"
#include "runtime/stub_drafters.h"

namespace helicon::runtime {
namespace {

struct Client {
  Heard heard;
  Request request;
  std::shared_ptr<Task> task;
  bool cancelled = false;
  int arrived = 0, last_heard = 0;  // steps
};

class Traffic : public SchedulerTest {
 protected:
  // Begins often like another: a common beginning, a repeated prompt, a conversation that goes on.
  std::vector<TokenId> random_prompt() {
    switch (random_() % 5) {
      case 0:
        return joined(beginnings_[random_() % beginnings_.size()],
                      random_tokens(random_, 1 + random_() % 60));
      case 1:
        if (!clients_.empty()) return recent().request.prompt;
        break;
      case 2:
        if (!clients_.empty()) {
          const Client& client = recent();
          auto prompt = joined(joined(client.request.prompt, client.heard.tokens[0]),
                               random_tokens(random_, 1 + random_() % 10));
          if (prompt.size() < 180) return prompt;
        }
        break;
      default:
        break;
    }
    return random_tokens(random_, 1 + random_() % 150);
  }

  Client& recent() {
    return *clients_[clients_.size() - 1 - random_() % std::min<size_t>(clients_.size(), 30)];
  }

  void arrive(int step) {
    auto client = std::make_unique<Client>();
    Request& r = client->request;
    r = request(random_prompt(), 1 + static_cast<int>(random_() % 60),
                random_() % 3 == 0 ? 1 + static_cast<int>(random_() % 4) : 1);
    r.owner = std::string(1, static_cast<char>('a' + random_() % 4));
    if (random_() % 4 == 0) r.priority = Priority::background;
    ASSERT_TRUE(scheduler_->check(r).ok());
    client->task = add(r, client->heard);
    client->arrived = client->last_heard = step;
    clients_.push_back(std::move(client));
  }

  void check(const Client& client) {
    ASSERT_EQ(client.heard.done, 1);
    ASSERT_LE(client.task->overtaken, WaitingLine::kMostOvertakes);
    const auto all = expected(client.request.prompt, client.request.max_tokens);
    for (size_t c = 0; c < client.heard.tokens.size(); ++c) {
      ASSERT_EQ(client.heard.finishes[c], 1);
      const auto& got = client.heard.tokens[c];
      ASSERT_LE(got.size(), all.size());
      ASSERT_TRUE(std::equal(got.begin(), got.end(), all.begin()));
      if (!client.cancelled) {
        ASSERT_EQ(got.size(), all.size());
      }
    }
  }

  // `arrivals` in about `steps`, over a pool of so many pages; one in `cancelled` is given up.
  void run(size_t pages, int steps, unsigned arrivals_every, unsigned cancels_every,
           SchedulerOptions options = {.speculation = SpeculationMode::off},
           std::unique_ptr<Drafter> drafter = nullptr) {
    make(pages, 256, options, std::move(drafter), model_.block() > 0);
    for (size_t length : {32u, 64u, 70u, 100u})
      beginnings_.push_back(random_tokens(random_, length));
    size_t longest_gap = 0;
    for (int step = 0; step < steps; ++step) {
      if (random_() % arrivals_every == 0) arrive(step);
      if (random_() % cancels_every == 0 && !clients_.empty()) {
        Client& client = recent();
        client.task->cancelled.store(true);
        client.cancelled = true;
      }
      std::vector<size_t> before;
      const size_t live = std::min<size_t>(clients_.size(), 200);
      for (size_t i = clients_.size() - live; i < clients_.size(); ++i)
        before.push_back(clients_[i]->heard.tokens[0].size());
      scheduler_->step();
      for (size_t i = clients_.size() - live, j = 0; i < clients_.size(); ++i, ++j) {
        Client& client = *clients_[i];
        const bool writing = !client.task->prompt && !client.task->choices.empty() &&
                             !client.task->choices[0].finished();
        if (client.heard.tokens[0].size() > before[j] || !writing)
          client.last_heard = step;
        else
          longest_gap = std::max(longest_gap, static_cast<size_t>(step - client.last_heard));
      }
    }
    EXPECT_LT(longest_gap, StepPlanner::kBackgroundTurn);
    run_all();
    for (const auto& client : clients_) check(*client);
    int64_t prompts = 0, cached = 0;
    for (const auto& client : clients_) {
      prompts += client->heard.usage.prompt_tokens;
      cached += client->heard.usage.cached_tokens;
    }
    EXPECT_GT(cached, prompts / 8);
  }

  std::mt19937 random_{11};
  std::vector<std::vector<TokenId>> beginnings_;
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_F(Traffic, InATinyPool) {
  run(40, 20000, 8, 40);
  EXPECT_GT(clients_.size(), 2000u);
}

TEST_F(Traffic, WithRoomForMany) {
  run(400, 10000, 3, 20);
  EXPECT_GT(clients_.size(), 3000u);
}

TEST_F(Traffic, WithAlmostNoCache) { run(60, 10000, 6, 30, {.cached_units = 10}); }

TEST_F(Traffic, WithGuesses) {
  run(40, 10000, 8, 40, {.speculation = SpeculationMode::lookup}, std::make_unique<Prophet>(70, 5));
}

TEST_F(Traffic, WithGuessesAndWindows) {
  model_.see_window(40);
  run(120, 10000, 8, 40, {.speculation = SpeculationMode::lookup},
      std::make_unique<Prophet>(70, 5));
}

TEST_F(Traffic, WithGuessedBlocks) {
  model_.draft_blocks(9, 70);
  run(40, 10000, 8, 40, {.speculation = SpeculationMode::lookup});
  EXPECT_GT(model_.blocks(), 1000u);
}

TEST_F(Traffic, WithGuessedBlocksAndWindows) {
  model_.see_window(40);
  model_.draft_blocks(16, 50);
  run(180, 10000, 8, 40, {.speculation = SpeculationMode::lookup});
  EXPECT_GT(model_.blocks(), 1000u);
}

TEST_F(Traffic, WithWindows) {
  model_.see_window(40);
  run(120, 20000, 8, 40);
}

}  // namespace
}  // namespace helicon::runtime
