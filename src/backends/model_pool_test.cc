#include "backends/model_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "backends/fake_model.h"

namespace helicon::backends {
namespace {

using std::chrono::milliseconds;
using Names = std::vector<std::string>;

// Models a, b and c, and what was asked for.
struct Shelf {
  std::mutex mutex;
  std::map<std::string, int> loads;
  std::atomic<int> loading{0};
  std::atomic<int> most_loading{0};
  std::function<Result<std::shared_ptr<ChatModel>>(const std::string&)> load =
      [](const std::string& name) -> Result<std::shared_ptr<ChatModel>> {
    return std::shared_ptr<ChatModel>(std::make_shared<FakeModel>(FakeModelOptions{.name = name}));
  };

  ModelSource source() {
    ModelSource result;
    result.resolve = [](const std::string& name) -> Result<std::filesystem::path> {
      if (name != "a" && name != "b" && name != "c") {
        return Error{ErrorCode::not_found, "no model " + name, "model"};
      }
      return std::filesystem::path(name + ".gguf");
    };
    result.names = [] { return Names{"a", "b", "c"}; };
    result.load = [this](const std::string& name, const std::filesystem::path& path) {
      EXPECT_EQ(path, name + ".gguf");
      most_loading = std::max(most_loading.load(), ++loading);
      {
        const std::lock_guard lock(mutex);
        ++loads[name];
      }
      auto model = load(name);
      --loading;
      return model;
    };
    return result;
  }
  int loads_of(const std::string& name) {
    const std::lock_guard lock(mutex);
    return loads[name];
  }
};

bool soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

TEST(ModelPool, LoadsOnDemandAndKeepsWhatIsLoaded) {
  Shelf shelf;
  ModelPool pool({}, shelf.source());
  EXPECT_EQ(pool.available(), (Names{"a", "b", "c"}));
  EXPECT_TRUE(pool.loaded().empty());
  auto first = pool.acquire("a");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ((*first)->info().name, "a");
  auto second = pool.acquire("a");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(shelf.loads_of("a"), 1);
  EXPECT_EQ(pool.loaded(), Names{"a"});
}

TEST(ModelPool, ManyWhoAskAtOnceShareOneLoad) {
  Shelf shelf;
  shelf.load = [load = shelf.load](const std::string& name) {
    std::this_thread::sleep_for(milliseconds(50));
    return load(name);
  };
  ModelPool pool({.max_loaded = 3}, shelf.source());
  std::vector<std::future<bool>> askers;
  for (int i = 0; i < 24; ++i) {
    askers.push_back(std::async(std::launch::async, [&pool, i] {
      return pool.acquire(std::string(1, static_cast<char>('a' + i % 3))).ok();
    }));
  }
  for (auto& asker : askers) EXPECT_TRUE(asker.get());
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(shelf.loads_of(name), 1);
  EXPECT_EQ(shelf.most_loading, 1) << "two loads at once could each fit, and not both";
}

TEST(ModelPool, AnUnknownNameIsAnsweredAtOnceEvenWhileAnotherLoads) {
  Shelf shelf;
  std::promise<void> go_on;
  shelf.load = [load = shelf.load, wait = go_on.get_future().share()](const std::string& name) {
    wait.wait();
    return load(name);
  };
  ModelPool pool({}, shelf.source());
  auto slow = std::async(std::launch::async, [&] { return pool.acquire("a").ok(); });
  ASSERT_TRUE(soon([&] { return pool.loading(); }));
  auto unknown = pool.acquire("x");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
  go_on.set_value();
  EXPECT_TRUE(slow.get());
  EXPECT_FALSE(pool.loading());
}

TEST(ModelPool, AFailureGoesToAllWhoWaitAndTheNextCallTriesAgain) {
  Shelf shelf;
  const auto works = shelf.load;
  shelf.load = [](const std::string& name) -> Result<std::shared_ptr<ChatModel>> {
    std::this_thread::sleep_for(milliseconds(50));
    return Error{ErrorCode::corrupt, name + ".gguf: truncated", {}};
  };
  ModelPool pool({}, shelf.source());
  auto other = std::async(std::launch::async, [&] { return pool.acquire("a"); });
  auto mine = pool.acquire("a");
  auto theirs = other.get();
  ASSERT_FALSE(mine.ok());
  ASSERT_FALSE(theirs.ok());
  EXPECT_EQ(mine.error().code, ErrorCode::corrupt);
  EXPECT_EQ(theirs.error().message, "a.gguf: truncated");
  shelf.load = works;
  EXPECT_TRUE(pool.acquire("a").ok());
}

TEST(ModelPool, AnExceptionInALoadIsAnError) {
  Shelf shelf;
  shelf.load = [](const std::string& name) -> Result<std::shared_ptr<ChatModel>> {
    if (name == "a") throw std::bad_alloc();
    throw std::runtime_error("broken");
  };
  ModelPool pool({}, shelf.source());
  EXPECT_EQ(pool.acquire("a").error().code, ErrorCode::out_of_memory);
  EXPECT_EQ(pool.acquire("b").error().message, "b: broken");
}

TEST(ModelPool, MakesRoomByUnloadingTheLongestIdle) {
  Shelf shelf;
  ModelPool pool({.max_loaded = 2}, shelf.source());
  ASSERT_TRUE(pool.acquire("b").ok());
  ASSERT_TRUE(pool.acquire("a").ok());
  ASSERT_TRUE(pool.acquire("c").ok());
  EXPECT_EQ(pool.loaded(), (Names{"a", "c"}));
}

TEST(ModelPool, NothingIsUnloadedForWhatCannotBeLoaded) {
  Shelf shelf;
  ModelSource source = shelf.source();
  source.check = [](const std::filesystem::path& path) -> Status {
    if (path == "c.gguf") return Error{ErrorCode::corrupt, "c.gguf is empty"};
    return ok_status();
  };
  ModelPool pool({.max_loaded = 1}, std::move(source));
  ASSERT_TRUE(pool.acquire("a").ok());
  EXPECT_EQ(pool.acquire("c").error().code, ErrorCode::corrupt);
  EXPECT_EQ(pool.loaded(), Names{"a"});
  EXPECT_EQ(shelf.loads_of("c"), 0);
}

TEST(ModelPool, WhatIsInUseOrPinnedStays) {
  Shelf shelf;
  ModelPool pool({.max_loaded = 1, .keep_alive = milliseconds(1)}, shelf.source());
  ASSERT_TRUE(pool.pin("a").ok());
  auto held = pool.acquire("b");
  ASSERT_TRUE(held.ok());
  ASSERT_TRUE(pool.acquire("c").ok());
  ASSERT_TRUE(soon([&] { return pool.loaded() == Names{"a", "b"}; }));
  std::this_thread::sleep_for(milliseconds(30));
  EXPECT_EQ(pool.loaded(), (Names{"a", "b"}));
  held = Error{};
  EXPECT_TRUE(soon([&] { return pool.loaded() == Names{"a"}; }));
}

TEST(ModelPool, AModelThatIsNotHealthyIsLoadedAnew) {
  class Sick : public FakeModel {
   public:
    explicit Sick(std::atomic<int>& alive) : FakeModel({}), alive_(alive) { ++alive_; }
    ~Sick() override { --alive_; }
    bool healthy() const override { return well.load(); }
    std::atomic<bool> well{true};

   private:
    std::atomic<int>& alive_;
  };
  std::atomic<int> alive{0};
  Shelf shelf;
  std::vector<Sick*> made;
  shelf.load = [&](const std::string&) -> Result<std::shared_ptr<ChatModel>> {
    auto model = std::make_shared<Sick>(alive);
    made.push_back(model.get());
    return std::shared_ptr<ChatModel>(std::move(model));
  };
  ModelPool pool({}, shelf.source());
  auto first = pool.acquire("a");
  ASSERT_TRUE(first.ok());
  made[0]->well = false;
  const auto second = pool.acquire("a");
  ASSERT_TRUE(second.ok());
  EXPECT_NE(first->get(), second->get());
  EXPECT_EQ(shelf.loads_of("a"), 2);
  EXPECT_EQ(alive.load(), 2) << "someone still uses the first";
  first = Error{};
  EXPECT_TRUE(soon([&] { return alive.load() == 1; }));
}

TEST(ModelPool, ALoadThatDoesNotFitUnloadsWhatIsIdleAndTriesAgain) {
  Shelf shelf;
  std::atomic<int> open{0};
  struct Counted : FakeModel {
    explicit Counted(std::atomic<int>& models) : FakeModel({}), count(models) { ++count; }
    ~Counted() override { --count; }
    std::atomic<int>& count;
  };
  shelf.load = [&](const std::string& name) -> Result<std::shared_ptr<ChatModel>> {
    if (open >= (name == "c" ? 1 : 2)) return Error{ErrorCode::out_of_memory, "no room", {}};
    return std::shared_ptr<ChatModel>(std::make_shared<Counted>(open));
  };
  ModelPool pool({.max_loaded = 9}, shelf.source());
  ASSERT_TRUE(pool.acquire("a").ok());
  auto held = pool.acquire("b");
  ASSERT_TRUE(held.ok());
  auto refused = pool.acquire("c");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::out_of_memory);
  EXPECT_EQ(pool.loaded(), Names{"b"});
  held = Error{};
  EXPECT_TRUE(pool.acquire("c").ok());
  EXPECT_EQ(pool.loaded(), Names{"c"});
}

TEST(ModelPool, DestroyedWhileLoadingItAnswersEveryone) {
  Shelf shelf;
  std::promise<void> go_on;
  shelf.load = [load = shelf.load, wait = go_on.get_future().share()](const std::string& name) {
    if (name != "a") wait.wait();
    return load(name);
  };
  std::shared_ptr<ChatModel> survivor;
  std::atomic<int> cancelled{0};
  const auto count = [&](const Result<ModelPool::Model>& model) {
    cancelled += !model.ok() && model.error().code == ErrorCode::cancelled;
  };
  {
    ModelPool pool({}, shelf.source());
    auto held = pool.acquire("a");
    ASSERT_TRUE(held.ok());
    survivor = *std::move(held);
    pool.acquire_async("b", count);
    ASSERT_TRUE(soon([&] { return shelf.loading == 1; }));
    pool.acquire_async("c", count);
    pool.close();
    EXPECT_EQ(cancelled, 2) << "those who wait are told before the load is over";
    pool.acquire_async("a", count);
    EXPECT_EQ(cancelled, 3) << "nor is anything given out afterwards";
    go_on.set_value();
  }
  EXPECT_EQ(shelf.loads_of("c"), 0);
  EXPECT_EQ(survivor->info().name, "a");
}

}  // namespace
}  // namespace helicon::backends
