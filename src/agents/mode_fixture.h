// What the tests of modes share: a listener that keeps what it hears, a runner without programs.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agents/mode_runner.h"
#include "agents/prompts.h"
#include "backends/fake_model.h"

namespace helicon::agents {

using backends::ChatRequest;
using backends::FakeModel;
using backends::FakeModelOptions;
using chat::FinishReason;
using chat::Progress;

inline constexpr const char* kQuestion = "She has 3 apples and gets 4. How many has she?";

// Hears a run to its end.
class Hearer {
 public:
  chat::Listener listener() {
    return {.on_event =
                [this](chat::Event event) {
                  const std::lock_guard lock(mutex_);
                  EXPECT_FALSE(done_) << "an event after the end";
                  text += event.text;
                  reasoning += event.reasoning;
                  if (event.progress) progress.push_back(*event.progress);
                  if (event.finish) finish = event.finish;
                  if (event.error) error = event.error;
                  changed_.notify_all();
                },
            .on_done =
                [this](const chat::Usage& figures) {
                  const std::lock_guard lock(mutex_);
                  EXPECT_FALSE(done_);
                  usage = figures;
                  done_ = true;
                  changed_.notify_all();
                }};
  }
  void wait() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return done_; }));
  }
  // Until an event of that kind, in that round, has come.
  void wait_for(Progress::Kind kind, int round) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20),
                                  [&] { return done_ || count(kind, round) > 0; }));
  }
  void wait_for_text() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20),
                                  [&] { return done_ || !text.empty() || !reasoning.empty(); }));
  }
  size_t count(Progress::Kind kind, int round = 0) const {
    size_t found = 0;
    for (const Progress& one : progress)
      found += one.kind == kind && (round == 0 || one.round == round);
    return found;
  }
  const Progress& last(Progress::Kind kind) const {
    for (size_t i = progress.size(); i-- > 0;)
      if (progress[i].kind == kind) return progress[i];
    ADD_FAILURE() << to_string(kind);
    return progress.front();
  }

  std::string text, reasoning;
  std::vector<Progress> progress;
  std::optional<FinishReason> finish;
  std::optional<Error> error;
  chat::Usage usage;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

// Says that a program prints what stands in it after "print ".
class PrintingRunner final : public ProgramRunner {
 public:
  Result<ProgramOutput> run(std::string_view program, std::chrono::milliseconds,
                            std::stop_token) const override {
    ++runs;
    const size_t at = program.find("print ");
    if (at == std::string_view::npos) return ProgramOutput{false, "", "NameError"};
    return ProgramOutput{true, std::string(program.substr(at + 6)), ""};
  }
  mutable std::atomic<int> runs{0};
};

inline ChatRequest asking(const std::string& question) {
  ChatRequest request;
  chat::Message message;
  message.role = "user";
  message.content = question;
  request.messages = {message};
  return request;
}

inline ModeOptions mode(Mode mode, int agents = 8, int rounds = 2) {
  ModeOptions options;
  options.mode = mode;
  options.agents = agents;
  options.rounds = rounds;
  return options;
}

inline bool has(const ChatRequest& request, std::string_view words) {
  for (const chat::Message& message : request.messages)
    if (message.content.find(words) != std::string::npos) return true;
  return false;
}

// What a model that reasons in a turn of its own says, given what it says to a question: in the
// second turn the result again, or all of it where there is none.
inline std::function<Result<std::string>(const ChatRequest&)> in_two_turns(
    std::function<std::string(const ChatRequest&)> answer) {
  return [answer = std::move(answer)](const ChatRequest& request) -> Result<std::string> {
    if (!request.messages.back().content.ends_with(prompts::kAnswer)) return answer(request);
    const std::string& thoughts = request.messages[request.messages.size() - 2].content;
    const size_t at = thoughts.find("Answer:");
    return at == std::string::npos ? thoughts : thoughts.substr(at);
  };
}

// Asks and waits; nothing of the model runs afterwards.
inline void ask(FakeModelOptions options, ChatRequest request, const ModeOptions& wanted,
                Hearer& hearer, std::shared_ptr<const ProgramRunner> programs = nullptr) {
  const auto model = std::make_shared<FakeModel>(std::move(options));
  {
    ModeRunner modes(std::move(programs));
    const auto run = modes.start(model, std::move(request), wanted, hearer.listener());
    ASSERT_TRUE(run.ok()) << run.error().message;
    hearer.wait();
  }
  EXPECT_EQ(model->counters().running, 0);
  EXPECT_EQ(hearer.count(Progress::Kind::agent_started),
            hearer.count(Progress::Kind::agent_finished));
}

}  // namespace helicon::agents
