#include "runtime/engine.h"

#include <gtest/gtest.h>

#include <future>

#include "runtime/fake_model.h"

namespace helicon::runtime {
namespace {

std::unique_ptr<Engine> make_engine(SchedulerOptions options = {}, FakeModel** model = nullptr) {
  EngineParts parts;
  auto fake = std::make_unique<FakeModel>();
  if (model) *model = fake.get();
  parts.pages = std::move(cache::PagePool::create(FakeModel::kShape, 64)).value();
  parts.model = std::move(fake);
  parts.tokenizer = std::make_shared<FakeTokenizer>();
  parts.context_length = 512;
  return std::make_unique<Engine>(std::move(parts), options);
}

Request greedy(int max_tokens) {
  Request request;
  request.prompt = {1, 2, 3};
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  return request;
}

TEST(Engine, AnswersManyThreadsAtOnce) {
  const auto engine = make_engine();
  std::vector<std::thread> threads;
  std::atomic<int> correct{0};
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        std::promise<void> done;
        auto tokens = std::make_shared<std::vector<TokenId>>();
        const auto ticket =
            engine->submit(greedy(20), {[tokens](const Event& event) {
                                          if (event.token) tokens->push_back(*event.token);
                                        },
                                        [&done](const Usage&) { done.set_value(); }});
        ASSERT_TRUE(ticket.ok());
        done.get_future().wait();
        if (tokens->size() == 20 && tokens->front() == FakeModel::next({1, 2, 3})) ++correct;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(correct.load(), 160);
  for (int i = 0; i < 1000 && engine->free_units() < engine->unit_capacity(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(engine->free_units(), engine->unit_capacity());
}

TEST(Engine, CancelEndsAnAnswer) {
  const auto engine = make_engine();
  std::promise<FinishReason> finished;
  std::promise<void> started;
  bool first = true;
  const auto ticket = engine->submit(greedy(500), {[&](const Event& event) {
                                                     if (std::exchange(first, false))
                                                       started.set_value();
                                                     if (event.finish)
                                                       finished.set_value(*event.finish);
                                                   },
                                                   [](const Usage&) {}});
  ASSERT_TRUE(ticket.ok());
  started.get_future().wait();
  ticket->cancel();
  const FinishReason reason = finished.get_future().get();
  EXPECT_TRUE(reason == FinishReason::cancelled || reason == FinishReason::length);
}

TEST(Engine, DestructionTellsEveryListener) {
  std::atomic<int> done{0};
  {
    const auto engine = make_engine();
    for (int i = 0; i < 10; ++i)
      ASSERT_TRUE(
          engine->submit(greedy(500), {[](const Event&) {}, [&](const Usage&) { ++done; }}).ok());
  }
  EXPECT_EQ(done.load(), 10);
}

TEST(Engine, RefusesMoreThanItWillHold) {
  const auto engine = make_engine({.max_pending = 2});
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  int accepted = 0;
  for (int i = 0; i < 5; ++i) {
    const auto ticket =
        engine->submit(greedy(5), {[open](const Event&) { open.wait(); }, [](const Usage&) {}});
    if (ticket.ok())
      ++accepted;
    else
      EXPECT_EQ(ticket.error().code, ErrorCode::overloaded);
  }
  EXPECT_EQ(accepted, 2);
  gate.set_value();
}

}  // namespace
}  // namespace helicon::runtime
