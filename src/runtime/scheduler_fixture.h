// A scheduler over the fake model, and listeners that take down what they hear.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "runtime/block_drafter.h"
#include "runtime/fake_model.h"
#include "runtime/scheduler.h"

namespace helicon::runtime {

// What a listener has heard of one request.
struct Heard {
  std::vector<std::vector<TokenId>> tokens;  // by choice
  std::vector<std::string> text;
  std::vector<int> finishes;
  std::vector<FinishReason> reasons;
  std::vector<std::vector<float>> logprobs;  // of tokens and alternatives
  int done = 0;
  Usage usage;
};

inline std::vector<TokenId> random_tokens(std::mt19937& random, size_t count) {
  std::vector<TokenId> tokens(count);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % 31);
  return tokens;
}

inline std::vector<TokenId> joined(std::vector<TokenId> a, const std::vector<TokenId>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class SchedulerTest : public testing::Test {
 protected:
  void make(size_t units, int context,
            SchedulerOptions options = {.speculation = SpeculationMode::off},
            std::unique_ptr<Drafter> drafter = nullptr, bool blocks = false) {
    scheduler_.reset();  // before the pages
    pool_ = std::move(cache::PagePool::create(model_.cache_shape(), units)).value();
    if (blocks) drafter = std::make_unique<BlockDrafter>(model_, *pool_);
    scheduler_ = std::make_unique<Scheduler>(model_, *pool_, std::make_shared<FakeTokenizer>(),
                                             context, options, std::move(drafter));
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
    heard.logprobs.resize(choices);
    Listener listener;
    listener.on_event = [&heard](Event event) {
      EXPECT_EQ(heard.done, 0);
      const auto c = static_cast<size_t>(event.choice);
      EXPECT_EQ(heard.finishes[c], 0) << "an event after the last";
      if (event.token) heard.tokens[c].push_back(*event.token);
      if (event.logprob) heard.logprobs[c].push_back(event.logprob->logprob);
      for (const TokenLogprob& other : event.alternatives)
        heard.logprobs[c].push_back(other.logprob);
      heard.text[c] += event.text;
      if (event.finish) ++heard.finishes[c], heard.reasons[c] = *event.finish;
    };
    listener.on_done = [&heard](const Usage& usage) { ++heard.done, heard.usage = usage; };
    auto task = std::make_shared<Task>(std::move(r), std::move(listener));
    scheduler_->add(task);
    return task;
  }

  void run_steps() {
    for (int i = 0; i < 100000 && !scheduler_->idle(); ++i) scheduler_->step();
    EXPECT_TRUE(scheduler_->idle());
  }

  // ... and no page is lost.
  void run_all() {
    run_steps();
    EXPECT_EQ(scheduler_->free_units(), pool_->capacity());
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

}  // namespace helicon::runtime
