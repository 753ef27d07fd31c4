#include "conversation.h"

#include <gtest/gtest.h>

#include <thread>

#include "backends/fake_model.h"

namespace helicon::apps {
namespace {

using backends::FakeModel;
using backends::FakeModelOptions;

Status ignore(std::string_view) { return ok_status(); }

backends::ChatRequest last_request(const FakeModel& model) {
  return model.last_request().value_or(backends::ChatRequest());
}

std::vector<std::string> roles(const FakeModel& model) {
  const auto request = last_request(model);
  std::vector<std::string> roles;
  for (const auto& message : request.messages) roles.push_back(message.role);
  return roles;
}

TEST(Conversation, StreamsAndRemembers) {
  const auto model = std::make_shared<FakeModel>(FakeModelOptions{});
  Conversation conversation(model);
  conversation.system = "You are an echo.";
  std::string streamed;
  const auto answer = conversation.ask("one two three", [&](std::string_view text) {
    streamed += text;
    return ok_status();
  });
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->text, "one two three");
  EXPECT_EQ(streamed, answer->text);
  EXPECT_EQ(answer->usage.completion_tokens, 3);

  ASSERT_TRUE(conversation.ask("four", ignore).ok());
  EXPECT_EQ(roles(*model), (std::vector<std::string>{"system", "user", "assistant", "user"}));
  EXPECT_EQ(last_request(*model).messages[2].content, "one two three");

  conversation.clear();
  ASSERT_TRUE(conversation.ask("five", ignore).ok());
  EXPECT_EQ(roles(*model), (std::vector<std::string>{"system", "user"}));
}

TEST(Conversation, PassesItsSettingsOn) {
  const auto model = std::make_shared<FakeModel>(FakeModelOptions{});
  Conversation conversation(model);
  conversation.settings.seed = 7;
  conversation.settings.max_tokens = 2;
  conversation.settings.sampling.temperature = 0.25f;
  const auto answer = conversation.ask("one two three", ignore);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->seed, 7u);
  EXPECT_EQ(answer->finish, runtime::FinishReason::length);
  EXPECT_EQ(last_request(*model).sampling.seed, 7u);
  EXPECT_EQ(last_request(*model).sampling.temperature, 0.25f);
  EXPECT_EQ(last_request(*model).max_tokens, 2);
}

TEST(Conversation, KeepsWhatWasSaidBeforeItWasStopped) {
  const auto model = std::make_shared<FakeModel>(
      FakeModelOptions{.token_delay = std::chrono::milliseconds(1), .endless = true});
  Conversation conversation(model);
  conversation.cancel();  // without an answer: nothing
  std::thread interrupter;
  const auto answer = conversation.ask("again ", [&](std::string_view) {
    if (!interrupter.joinable()) interrupter = std::thread([&] { conversation.cancel(); });
    return ok_status();
  });
  interrupter.join();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->finish, runtime::FinishReason::cancelled);
  conversation.settings.max_tokens = 1;
  ASSERT_TRUE(conversation.ask("next", ignore).ok());
  EXPECT_EQ(roles(*model), (std::vector<std::string>{"user", "assistant", "user"}));
  EXPECT_EQ(last_request(*model).messages[1].content, answer->text);
}

TEST(Conversation, ForgetsAQuestionThatFailed) {
  const Error error{ErrorCode::context_length, "9 tokens, but 8 fit"};
  const auto refusing = std::make_shared<FakeModel>(FakeModelOptions{.refuse = error});
  const auto refused = Conversation(refusing).ask("hello", ignore);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, error.message);

  const auto failing =
      std::make_shared<FakeModel>(FakeModelOptions{.fail = error, .fail_after = 1});
  Conversation conversation(failing);
  for (int i = 0; i < 2; ++i) {
    const auto failed = conversation.ask("one two", ignore);
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, ErrorCode::context_length);
    EXPECT_EQ(roles(*failing), std::vector<std::string>{"user"});
  }
}

TEST(Conversation, StopsWhenNobodyListens) {
  const auto model = std::make_shared<FakeModel>(
      FakeModelOptions{.token_delay = std::chrono::milliseconds(1), .endless = true});
  Conversation conversation(model);
  const auto answer = conversation.ask("on and on ", [](std::string_view) -> Status {
    return Error{ErrorCode::io, "standard output: gone"};
  });
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::io);
  EXPECT_EQ(model->counters().running, 0);
}

}  // namespace
}  // namespace helicon::apps
