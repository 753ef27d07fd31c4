#include "agents/mode_fixture.h"

namespace helicon::agents {
namespace {

TEST(Instant, IsTheModelAsItIs) {
  Hearer hearer;
  ask({.reply = "seven apples"}, asking(kQuestion), mode(Mode::instant), hearer);
  EXPECT_EQ(hearer.text, "seven apples");
  EXPECT_EQ(hearer.reasoning, "");
  EXPECT_EQ(hearer.finish, FinishReason::stop);
}

TEST(Thinking, ReasonsAndThenAnswers) {
  std::vector<ChatRequest> asked;
  FakeModelOptions options;
  options.answer = [&](const ChatRequest& request) -> std::string {
    asked.push_back(request);
    return asked.size() == 1 ? "3 and 4 are 7" : "She has 7.";
  };
  ChatRequest request = asking(kQuestion);
  request.stop = {"."};
  Hearer hearer;
  ask(options, request, mode(Mode::thinking), hearer);
  EXPECT_EQ(hearer.reasoning, "3 and 4 are 7");
  EXPECT_EQ(hearer.text, "She has 7");
  EXPECT_EQ(hearer.finish, FinishReason::stop);
  EXPECT_EQ(hearer.usage.completion_tokens, 8);
  EXPECT_EQ(hearer.usage.reasoning_tokens, 5);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_TRUE(asked[0].stop.empty());  // those of the client are about the answer
  EXPECT_TRUE(asked[0].messages.back().content.starts_with(kQuestion));
  ASSERT_EQ(asked[1].messages.size(), 3u);
  EXPECT_EQ(asked[1].messages[0].content, asked[0].messages[0].content);  // found in the cache
  EXPECT_EQ(asked[1].messages[1].content, "3 and 4 are 7");
}

TEST(Thinking, AnEndlessThoughtIsClosedAtItsBudget) {
  FakeModelOptions options;
  options.answer = [](const ChatRequest& request) -> std::string {
    if (has(request, "enough reasoning")) return "seven";
    std::string thoughts;
    for (int i = 0; i < 5000; ++i) thoughts += "and ";
    return thoughts;
  };
  ModeOptions thinking = mode(Mode::thinking);
  thinking.budget_tokens = 50;
  Hearer hearer;
  ask(options, asking(kQuestion), thinking, hearer);
  EXPECT_EQ(hearer.text, "seven");
  EXPECT_EQ(hearer.finish, FinishReason::stop);
  EXPECT_EQ(hearer.usage.reasoning_tokens, 50);
}

TEST(Thinking, TheClientsBoundIsOfBoth) {
  for (int most = 1; most <= 12; ++most) {
    FakeModelOptions options;
    options.answer = [](const ChatRequest&) -> std::string {
      return "a b c d e f g h i j k l m n";
    };
    ChatRequest request = asking(kQuestion);
    request.max_tokens = most;
    Hearer hearer;
    ask(options, request, mode(Mode::thinking), hearer);
    EXPECT_EQ(hearer.usage.completion_tokens, most);
    EXPECT_LE(hearer.usage.reasoning_tokens, most);
    EXPECT_EQ(hearer.finish, FinishReason::length);
  }
}

TEST(Thinking, AnAnswerThatNoLongerFitsWholeTakesWhatIsLeft) {
  FakeModelOptions options;
  options.answer = [](const ChatRequest& request) -> Result<std::string> {
    if (!has(request, "final answer")) return std::string("three and four");
    if (request.max_tokens > 0) return Error{ErrorCode::context_length, "97 and 90; 100", {}};
    return std::string("seven");
  };
  ChatRequest request = asking(kQuestion);
  request.max_tokens = 90;
  Hearer hearer;
  ask(options, request, mode(Mode::thinking), hearer);
  EXPECT_EQ(hearer.text, "seven");
  EXPECT_EQ(hearer.finish, FinishReason::stop);
}

TEST(Thinking, AModelThatReasonsIsLeftToIt) {
  std::vector<ChatRequest> asked;
  FakeModelOptions options;
  options.reasons = true;
  options.answer = [&](const ChatRequest& request) -> std::string {
    asked.push_back(request);
    return "three and four </think> She has seven.";
  };
  Hearer hearer;
  ModeOptions thinking = mode(Mode::thinking);
  thinking.effort = "high";
  ask(options, asking(kQuestion), thinking, hearer);
  EXPECT_EQ(hearer.reasoning, "three and four ");
  EXPECT_EQ(hearer.text, "She has seven.");
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].messages.back().content, kQuestion);  // nothing is added
  EXPECT_EQ(asked[0].template_variables.at("enable_thinking"), true);
  EXPECT_EQ(asked[0].reasoning_effort, "high");

  Hearer instant;
  ask(options, asking(kQuestion), mode(Mode::instant), instant);
  EXPECT_EQ(asked.back().template_variables.at("enable_thinking"), false);
}

TEST(Thinking, AModelThatNeverStopsReasoningIsStopped) {
  FakeModelOptions options;
  options.reasons = true;
  options.answer = [](const ChatRequest& request) -> std::string {
    if (has(request, "enough reasoning")) {
      EXPECT_EQ(request.template_variables.at("enable_thinking"), false);
      EXPECT_TRUE(has(request, "and and "));
      return "</think> seven";
    }
    std::string thoughts;
    for (int i = 0; i < 100'000; ++i) thoughts += "and ";
    return thoughts;
  };
  options.token_delay = std::chrono::milliseconds(1);
  ModeOptions thinking = mode(Mode::thinking);
  thinking.budget_tokens = 50;
  Hearer hearer;
  ask(options, asking(kQuestion), thinking, hearer);
  EXPECT_EQ(hearer.text, "seven");
  EXPECT_EQ(hearer.finish, FinishReason::stop);
  EXPECT_LT(hearer.usage.reasoning_tokens, 100);
}

// As servers elsewhere may be.
TEST(Thinking, AModelThatHeedsNoBoundIsStopped) {
  FakeModelOptions options;
  options.reply = "and so on ";
  options.endless = true;
  options.unbounded = true;
  options.token_delay = std::chrono::milliseconds(1);
  ModeOptions thinking = mode(Mode::thinking);
  thinking.budget_tokens = 40;
  ChatRequest request = asking(kQuestion);
  request.max_tokens = 80;
  Hearer hearer;
  ask(options, request, thinking, hearer);
  EXPECT_EQ(hearer.finish, FinishReason::length);
  EXPECT_NE(hearer.text, "");
  EXPECT_LT(hearer.usage.completion_tokens, 200);
}

TEST(Thinking, AnEffortGoesToThoseWhoTakeOne) {
  for (const bool takes : {false, true}) {
    std::vector<std::string> efforts;
    FakeModelOptions options;
    options.takes_effort = takes;
    options.answer = [&](const ChatRequest& request) -> std::string {
      efforts.push_back(request.reasoning_effort);
      return "seven";
    };
    ModeOptions thinking = mode(Mode::thinking);
    thinking.effort = "high";
    Hearer hearer;
    ask(options, asking(kQuestion), thinking, hearer);
    EXPECT_EQ(efforts, (std::vector<std::string>{takes ? "high" : "", ""}));
  }
}

TEST(Thinking, AFailureIsToldInEitherPass) {
  for (const int failing : {1, 2}) {
    int calls = 0;
    FakeModelOptions options;
    options.answer = [&](const ChatRequest&) -> Result<std::string> {
      if (++calls == failing) return Error{ErrorCode::overloaded, "too much", {}};
      return std::string("thoughts");
    };
    const auto model = std::make_shared<FakeModel>(options);
    ModeRunner modes;
    Hearer hearer;
    const auto run = modes.start(model, asking(kQuestion), mode(Mode::thinking), hearer.listener());
    if (failing == 1) {
      ASSERT_FALSE(run.ok());
      EXPECT_EQ(run.error().code, ErrorCode::overloaded);
      continue;
    }
    ASSERT_TRUE(run.ok());
    hearer.wait();
    EXPECT_EQ(hearer.finish, FinishReason::error);
    EXPECT_EQ(hearer.error->code, ErrorCode::overloaded);
  }
}

TEST(Modes, WhoIsStoppedStopsAllOfHis) {
  struct Stage {
    Mode mode;
    const char* question;
    Progress::Kind kind;
    int round;
  };
  for (const Stage& stage :
       {Stage{Mode::thinking, kQuestion, Progress::Kind::count, 0},
        Stage{Mode::contemplating, kQuestion, Progress::Kind::agent_wrote, 1},
        Stage{Mode::contemplating, kQuestion, Progress::Kind::agent_wrote, 2},
        Stage{Mode::contemplating, "An essay, please.", Progress::Kind::aggregating, 1}}) {
    std::atomic<int> calls{0};
    FakeModelOptions options;
    options.token_delay = std::chrono::milliseconds(1);
    options.answer = [&](const ChatRequest& request) -> std::string {
      std::string endless = "and ";
      for (int i = 0; i < 100'000; ++i) endless += "so ";
      const bool early = stage.round == 2 || stage.kind == Progress::Kind::aggregating;
      if (early && !has(request, "other experts") && !has(request, "Draft 1:"))
        return "Answer: " + std::to_string(calls++);
      return endless;
    };
    const auto model = std::make_shared<FakeModel>(options);
    ModeRunner modes;
    Hearer hearer;
    auto run = modes.start(model, asking(stage.question), mode(stage.mode, 4), hearer.listener());
    ASSERT_TRUE(run.ok());
    if (stage.mode == Mode::thinking)
      hearer.wait_for_text();
    else
      hearer.wait_for(stage.kind, stage.round);
    (*run)->cancel();
    hearer.wait();
    EXPECT_EQ(hearer.finish, FinishReason::cancelled);
    EXPECT_EQ(model->counters().running, 0);
  }
}

TEST(Modes, TheRunnerMayGoWhileTheyWork) {
  FakeModelOptions options;
  options.reply = "and so on ";
  options.endless = true;
  options.token_delay = std::chrono::milliseconds(1);
  const auto model = std::make_shared<FakeModel>(options);
  Hearer thinking, contemplating;
  {
    ModeRunner modes;
    ASSERT_TRUE(
        modes.start(model, asking(kQuestion), mode(Mode::thinking), thinking.listener()).ok());
    auto run =
        modes.start(model, asking(kQuestion), mode(Mode::contemplating), contemplating.listener());
    ASSERT_TRUE(run.ok());
    contemplating.wait_for(Progress::Kind::agent_wrote, 1);
  }
  EXPECT_EQ(thinking.finish, FinishReason::cancelled);  // its run was dropped at once
  EXPECT_EQ(contemplating.finish, FinishReason::cancelled);
  EXPECT_EQ(model->counters().running, 0);
}

TEST(Modes, WhatTheyCannotDoIsRefused) {
  const auto model = std::make_shared<FakeModel>(FakeModelOptions{.reply = "x"});
  ModeRunner modes;
  const auto refused = [&](const ChatRequest& request, const ModeOptions& options) {
    const auto run = modes.start(model, request, options, Hearer().listener());
    return run.ok() ? "" : run.error().parameter;
  };
  ChatRequest several = asking("x"), probabilities = asking("x"), tools = asking("x");
  several.choices = 2;
  probabilities.top_logprobs = 0;
  tools.tools.push_back(boost::json::object());
  EXPECT_EQ(refused(several, mode(Mode::thinking)), "n");
  EXPECT_EQ(refused(probabilities, mode(Mode::contemplating)), "logprobs");
  EXPECT_EQ(refused(tools, mode(Mode::contemplating)), "tools");
  EXPECT_EQ(refused(asking("x"), mode(Mode::contemplating, 0)), "mode.agents");
  EXPECT_EQ(refused(asking("x"), mode(Mode::contemplating, 1000)), "mode.agents");
  EXPECT_EQ(refused(asking("x"), mode(Mode::contemplating, 8, 0)), "mode.rounds");
  EXPECT_EQ(model->counters().started, 0);
  // A bound that does not fit is told as the client has named it.
  const auto small =
      std::make_shared<FakeModel>(FakeModelOptions{.reply = "x", .context_length = 100});
  ChatRequest much = asking("one two three");
  much.max_tokens = 99;
  for (const Mode one : {Mode::thinking, Mode::contemplating}) {
    const auto run = modes.start(small, much, mode(one), Hearer().listener());
    ASSERT_FALSE(run.ok());
    EXPECT_EQ(run.error().code, ErrorCode::context_length);
    EXPECT_NE(run.error().message.find("max_tokens is 99"), std::string::npos);
  }
}

// What the modes add to a prompt is not the client's.
TEST(Modes, ABoundThatJustFitsTheClientsPromptIsTaken) {
  FakeModelOptions options;
  options.answer = [](const ChatRequest&) { return std::string("Answer: 7"); };
  options.context_length = 200;
  ChatRequest request = asking("one two three");
  request.max_tokens = 197;
  for (const Mode one : {Mode::thinking, Mode::contemplating}) {
    Hearer hearer;
    ask(options, request, mode(one), hearer);
    EXPECT_EQ(hearer.finish, FinishReason::stop) << to_string(one);
    EXPECT_FALSE(hearer.text.empty());
  }
}

}  // namespace
}  // namespace helicon::agents
