#include <boost/json.hpp>
#include <set>

#include "agents/mode_fixture.h"
#include "agents/sandbox_runner.h"

namespace helicon::agents {
namespace {

TEST(Contemplating, WhatTheMostAgreeOnIsTheAnswer) {
  std::atomic<int> calls{0};
  FakeModelOptions options;
  options.answer = in_two_turns([&](const ChatRequest&) -> std::string {
    const int call = calls++;
    return call % 4 == 3 ? "it is 3 + 4 = 8 Answer: 8" : "it is 3 + 4 = 7 Answer: 7";
  });
  Hearer hearer;
  ask(options, asking(kQuestion), mode(Mode::contemplating), hearer);
  EXPECT_EQ(hearer.text, "it is 3 + 4 = 7 Answer: 7\n\nAnswer: 7");
  EXPECT_EQ(hearer.last(Progress::Kind::agreement).result, "7");
  EXPECT_GE(hearer.last(Progress::Kind::agreement).agreed, 3);
  EXPECT_NE(hearer.reasoning.find("agree on 7"), std::string::npos) << hearer.reasoning;
  EXPECT_EQ(hearer.count(Progress::Kind::round), 1u);
  EXPECT_EQ(hearer.count(Progress::Kind::agent_started), 8u);
  EXPECT_EQ(hearer.finish, FinishReason::stop);
  EXPECT_GT(hearer.usage.reasoning_tokens, 0);
}

TEST(Contemplating, StopStringsAndBoundsAreTheAnswers) {
  FakeModelOptions options;
  options.answer = [](const ChatRequest& request) -> std::string {
    EXPECT_TRUE(request.stop.empty());  // not those of an agent
    return "it is 3 + 4 = 7 Answer: 7";
  };
  ChatRequest request = asking(kQuestion);
  request.stop = {"Answer"};
  Hearer stopped;
  ask(options, request, mode(Mode::contemplating, 4), stopped);
  EXPECT_EQ(stopped.text, "it is 3 + 4 = 7 ");
  EXPECT_EQ(stopped.finish, FinishReason::stop);

  request.stop.clear();
  request.max_tokens = 4;
  Hearer cut;
  ask(options, request, mode(Mode::contemplating, 4), cut);
  EXPECT_EQ(cut.finish, FinishReason::length);
}

TEST(Contemplating, AModelThatSaysNothingIsAskedOnceForEachTurn) {
  for (const char* question : {kQuestion, "Tell me about love.", "Which?\nA) a\nB) b\nC) c"}) {
    std::atomic<int> calls{0};
    FakeModelOptions options;
    options.answer = [&](const ChatRequest&) -> std::string { return ++calls, ""; };
    Hearer hearer;
    ask(options, asking(question), mode(Mode::contemplating, 4), hearer);
    EXPECT_EQ(hearer.finish, FinishReason::stop);
    EXPECT_EQ(hearer.text, "");
    EXPECT_LE(calls, 8) << question;
  }
}

TEST(Contemplating, BothTurnsTogetherKeepTheClientsBound) {
  FakeModelOptions options;
  options.answer = [](const ChatRequest& request) -> std::string {
    if (!request.messages.back().content.ends_with(prompts::kAnswer)) return "one two three four 7";
    std::string words;
    for (int i = 0; i < 40; ++i) words += "word ";
    return words;
  };
  ChatRequest request = asking(kQuestion);
  for (const int bound : {8, 20, 30}) {
    request.max_tokens = bound;
    Hearer hearer;
    ask(options, request, mode(Mode::contemplating, 3, 1), hearer);
    EXPECT_LE(std::count(hearer.text.begin(), hearer.text.end(), ' '), bound) << hearer.text;
  }
}

TEST(Contemplating, SeedsAndAnglesDiffer) {
  std::mutex mutex;
  std::set<uint64_t> seeds;
  std::set<std::string> prompts;
  FakeModelOptions options;
  options.answer = [&](const ChatRequest& request) -> std::string {
    const std::lock_guard lock(mutex);
    seeds.insert(request.sampling.seed);
    prompts.insert(request.messages.back().content);
    EXPECT_TRUE(request.messages.front().content.starts_with(kQuestion));  // one prefix for all
    return "Answer: " + std::to_string(seeds.size());
  };
  Hearer hearer;
  ask(options, asking(kQuestion), mode(Mode::contemplating, 6, 1), hearer,
      std::make_shared<PrintingRunner>());
  EXPECT_EQ(seeds.size(), 6u);
  EXPECT_GE(prompts.size(), 2u);
}

// Each as Thinking would with a seed of its own: what it draws, what it is asked in either turn.
TEST(Contemplating, AgentsThinkAsThinkingDoes) {
  for (const bool reasons : {false, true}) {
    std::mutex mutex;
    std::vector<ChatRequest> heard;
    FakeModelOptions options;
    options.reasons = reasons;
    options.answer = [&](const ChatRequest& request) -> std::string {
      const std::lock_guard lock(mutex);
      heard.push_back(request);
      return (reasons ? "so </think> Answer: " : "Answer: ") +
             std::to_string(request.sampling.seed);
    };
    const auto as_text = [](const ChatRequest& request) {
      std::string text = std::to_string(request.sampling.seed);
      for (const chat::Message& one : request.messages) text += "\n" + one.role + one.content;
      return text + boost::json::serialize(request.template_variables);
    };
    ChatRequest request = asking(kQuestion);
    request.sampling.temperature = 0.7f;
    std::multiset<std::string> wanted, found;
    for (request.sampling.seed = 5; request.sampling.seed < 8; ++request.sampling.seed) {
      Hearer hearer;
      ask(options, request, mode(Mode::thinking), hearer);
    }
    for (const ChatRequest& one : std::exchange(heard, {})) wanted.insert(as_text(one));
    EXPECT_EQ(wanted.size(), reasons ? 3u : 6u);
    request.sampling.seed = 5;
    request.sampling.temperature = 0;
    request.sampling.top_p = 0.1f;
    Hearer hearer;
    ask(options, request, mode(Mode::contemplating, 3, 1), hearer);
    for (const ChatRequest& one : heard) {
      found.insert(as_text(one));
      EXPECT_EQ(one.sampling.temperature, 0.7f);
      EXPECT_EQ(one.sampling.top_p, 1);
    }
    EXPECT_EQ(found, wanted);
  }
}

TEST(Contemplating, EndsEarlyWhenEnoughAgree) {
  std::atomic<int> calls{0};
  FakeModelOptions options;
  options.token_delay = std::chrono::milliseconds(2);
  options.answer = in_two_turns([&](const ChatRequest&) -> std::string {
    if (calls++ < 4) return "Answer: 7";
    std::string endless;
    for (int i = 0; i < 900; ++i) endless += "so ";
    return endless + "Answer: 8";
  });
  Hearer hearer;
  ask(options, asking(kQuestion), mode(Mode::contemplating), hearer);
  EXPECT_EQ(hearer.text, "Answer: 7\n\nAnswer: 7");
  EXPECT_LT(hearer.usage.completion_tokens, 1000);
  size_t stopped = 0;
  for (const Progress& one : hearer.progress)
    stopped +=
        one.kind == Progress::Kind::agent_finished && one.outcome == Progress::Outcome::stopped;
  EXPECT_GE(stopped, 4u);
}

TEST(Contemplating, WhereTheyDisagreeTheyReadEachOther) {
  std::atomic<int> calls{0};
  FakeModelOptions options;
  options.answer = in_two_turns([&](const ChatRequest& request) -> std::string {
    if (has(request, "other experts")) {
      EXPECT_TRUE(has(request, "Result 7 (") || has(request, "Result 8 ("));
      return "3 + 4 = 7 Answer: 7";
    }
    return calls++ % 2 == 0 ? "Answer: 7" : "Answer: 8";
  });
  Hearer hearer;
  ask(options, asking(kQuestion), mode(Mode::contemplating, 4), hearer);
  EXPECT_EQ(hearer.count(Progress::Kind::round), 2u);
  EXPECT_EQ(hearer.last(Progress::Kind::agreement).result, "7");
  EXPECT_NE(hearer.reasoning.find("after 2 rounds"), std::string::npos) << hearer.reasoning;
}

// Its own round waits for it no longer than for most; what it says still counts.
TEST(Contemplating, TheNextRoundBeginsWithoutTheLast) {
  std::atomic<int> calls{0};
  FakeModelOptions options;
  options.token_delay = std::chrono::milliseconds(2);
  options.answer = in_two_turns([&](const ChatRequest& request) -> std::string {
    if (has(request, "other experts")) return "3 + 4 = 7 Answer: 7";
    const int call = calls++;
    if (call < 3) return "Answer: " + std::to_string(7 + call);
    std::string endless;
    for (int i = 0; i < 900; ++i) endless += "so ";
    return endless + "Answer: 8";
  });
  Hearer hearer;
  ask(options, asking(kQuestion), mode(Mode::contemplating, 4), hearer);
  EXPECT_EQ(hearer.count(Progress::Kind::round), 2u);
  EXPECT_EQ(hearer.last(Progress::Kind::agreement).result, "7");
  EXPECT_LT(hearer.usage.completion_tokens, 500);
  bool stopped = false;
  for (const Progress& one : hearer.progress)
    stopped |= one.kind == Progress::Kind::agent_finished && one.round == 1 &&
               one.outcome == Progress::Outcome::stopped;
  EXPECT_TRUE(stopped);
}

TEST(Contemplating, WhatIsRecalculatedCountsMore) {
  std::atomic<int> calls{0};
  FakeModelOptions options;
  options.answer = in_two_turns([&](const ChatRequest&) -> std::string {
    // The right one comes first: three that are alike are not waited behind.
    return calls++ == 1 ? "3 + 4 = 7. Answer: 7"
                        : "Let me see, one after the other, slowly and with care, and once more: "
                          "3 + 4 = 9. Answer: 9";
  });
  options.token_delay = std::chrono::milliseconds(2);
  Hearer hearer;
  ask(options, asking(kQuestion), mode(Mode::contemplating, 4, 1), hearer);
  EXPECT_EQ(hearer.last(Progress::Kind::agreement).result, "7");
  EXPECT_TRUE(hearer.text.ends_with("Answer: 7")) << hearer.text;
}

TEST(Contemplating, WhatProgramsFindIsExplained) {
  const auto runner = std::make_shared<PrintingRunner>();
  FakeModelOptions options;
  options.answer = [](const ChatRequest& request) -> std::string {
    if (has(request, "experts worked on this")) return "It is seven, I guess 9.";
    if (!has(request, "Python")) return "I cannot say.";
    std::string program = "```python\nprint 7\n```\n";
    for (int i = 0; i < 900; ++i) program += "which prints ";
    return program;
  };
  options.token_delay = std::chrono::milliseconds(1);
  Hearer hearer;
  ask(options, asking(kQuestion), mode(Mode::contemplating, 8, 1), hearer, runner);
  EXPECT_GT(runner->runs, 0);
  EXPECT_LT(hearer.usage.completion_tokens, 300);  // nobody waits for what follows a program
  EXPECT_EQ(hearer.last(Progress::Kind::agreement).result, "7");
  EXPECT_TRUE(hearer.text.ends_with("Answer: 7")) << hearer.text;  // whatever was explained
  EXPECT_GT(hearer.count(Progress::Kind::agent_checked), 0u);
}

TEST(Contemplating, AnEssayIsMadeOfTheDrafts) {
  std::atomic<int> calls{0};
  FakeModelOptions options;
  options.answer = [&](const ChatRequest& request) -> std::string {
    if (!has(request, "Draft 1:")) return "draft number " + std::to_string(calls++);
    for (int draft = 0; draft < 5; ++draft)
      EXPECT_TRUE(has(request, "draft number " + std::to_string(draft))) << draft;
    return "the whole essay";
  };
  Hearer hearer;
  ask(options, asking("Write about the sea."), mode(Mode::contemplating, 5), hearer);
  EXPECT_EQ(hearer.text, "the whole essay");
  EXPECT_EQ(hearer.count(Progress::Kind::aggregating), 1u);
}

// A budget ends drafts, and no answer.
TEST(Contemplating, ADraftThatWasCutIsNotGivenOut) {
  FakeModelOptions options;
  options.answer = [](const ChatRequest& request) -> std::string {
    if (has(request, "Several experts")) return "Three and four. Answer: 7";
    return "Answer: 7 as three and four are " + std::string(200, ' ') + "seven";
  };
  ModeOptions wanted = mode(Mode::contemplating, 4);
  wanted.budget_tokens = 16;
  Hearer hearer;
  ask(options, asking(kQuestion), wanted, hearer);
  EXPECT_EQ(hearer.text, "Three and four. Answer: 7");
  EXPECT_EQ(hearer.finish, FinishReason::stop);
}

TEST(Contemplating, WhatTheContextCannotHoldIsNotRead) {
  FakeModelOptions options;
  options.answer = [](const ChatRequest& request) -> Result<std::string> {
    if (has(request, "Draft 1:")) return Error{ErrorCode::context_length, "too long", {}};
    return std::string("the sea is wide");
  };
  Hearer essay;
  ask(options, asking("Write about the sea."), mode(Mode::contemplating, 3), essay);
  EXPECT_EQ(essay.text, "the sea is wide");
  EXPECT_EQ(essay.finish, FinishReason::stop);

  options.answer = [](const ChatRequest& request) -> Result<std::string> {
    if (has(request, "Several experts")) return Error{ErrorCode::context_length, "too long", {}};
    return std::string(has(request, "Python") ? "print 7" : "I cannot say.");
  };
  Hearer number;
  ask(options, asking(kQuestion), mode(Mode::contemplating, 3), number,
      std::make_shared<PrintingRunner>());
  EXPECT_TRUE(number.text.ends_with("7")) << number.text;
  EXPECT_EQ(number.finish, FinishReason::stop);
}

TEST(Contemplating, AnExplanationThatGoesRoundInCirclesIsEnded) {
  std::string circles;
  for (int i = 0; i < 500; ++i) circles += "subtract 3 again ";
  FakeModelOptions options;
  options.answer = [&](const ChatRequest& request) -> std::string {
    if (has(request, "Several experts")) return circles;
    return has(request, "Python program") ? "print 7" : "I cannot say.";
  };
  ModeOptions wanted = mode(Mode::contemplating, 3);
  wanted.budget_tokens = 16;
  ChatRequest request = asking(kQuestion);
  for (const int bound : {-1, 8}) {
    request.max_tokens = bound;
    Hearer hearer;
    ask(options, request, wanted, hearer, std::make_shared<PrintingRunner>());
    EXPECT_LT(hearer.text.size(), 200u);
    // What the client's own bound has ended gets nothing more.
    EXPECT_EQ(hearer.text.ends_with("\n\nAnswer: 7"), bound < 0) << hearer.text;
    EXPECT_EQ(hearer.finish, bound < 0 ? FinishReason::stop : FinishReason::length);
  }
}

TEST(Contemplating, CodeIsChosenByExamplesAndByTheTestsThatCodesAgreeOn) {
  const auto sandbox = sandbox_runner();
  ASSERT_TRUE(sandbox.ok()) << sandbox.error().message;
  std::atomic<int> calls{0};
  FakeModelOptions options;
  // Both pass the example; only every third code is right for 3, as most tests say.
  options.answer = [&](const ChatRequest& request) -> std::string {
    if (has(request, "assert statements"))
      return "```python\nassert square(3) == 9\nassert square(-2) == 4\nassert square(3) == 6\n```";
    return calls++ % 3 == 1 ? "Right:\n```python\ndef square(x):\n    return x * x\n```"
                            : "Wrong:\n```python\ndef square(x):\n    return abs(x) + 2\n```";
  };
  Hearer hearer;
  ask(options, asking("Write a Python function square(x).\n>>> square(2)\n4\n"),
      mode(Mode::contemplating), hearer, *sandbox);
  EXPECT_TRUE(hearer.text.starts_with("Right")) << hearer.text;
  EXPECT_NE(hearer.reasoning.find("6 of 6 solutions pass the question's 1 example;"),
            std::string::npos)
      << hearer.reasoning;
  EXPECT_EQ(hearer.count(Progress::Kind::agent_finished), 8u);
}

TEST(Contemplating, CodeThatFailsIsRepaired) {
  const auto sandbox = sandbox_runner();
  ASSERT_TRUE(sandbox.ok()) << sandbox.error().message;
  FakeModelOptions options;
  options.answer = [](const ChatRequest& request) -> std::string {
    if (!has(request, "Find the mistake")) return "```python\ndef square(x):\n    return x\n```";
    EXPECT_TRUE(has(request, "square(2)"));  // what fails
    return "```python\ndef square(x):\n    return x * x\n```";
  };
  Hearer hearer;
  ask(options, asking("Write a Python function square(x).\n>>> square(2)\n4\n"),
      mode(Mode::contemplating, 4), hearer, *sandbox);
  EXPECT_NE(hearer.text.find("x * x"), std::string::npos) << hearer.text;
  EXPECT_EQ(hearer.count(Progress::Kind::round), 2u);
}

TEST(Contemplating, WhoFailsIsDoneWithout) {
  std::atomic<int> calls{0};
  FakeModelOptions options;
  options.answer = [&](const ChatRequest&) -> Result<std::string> {
    if (calls++ >= 5) return Error{ErrorCode::overloaded, "too much", {}};
    return std::string("Answer: 7");
  };
  Hearer hearer;
  ask(options, asking(kQuestion), mode(Mode::contemplating), hearer);
  EXPECT_EQ(hearer.text, "Answer: 7");
  EXPECT_EQ(hearer.last(Progress::Kind::round).agents, 5);
  EXPECT_NE(hearer.reasoning.find("3 of 8 agents failed."), std::string::npos) << hearer.reasoning;
}

TEST(Contemplating, WhoHeedsNoBoundIsStopped) {
  FakeModelOptions options;
  options.reply = "Answer: 7 and so on ";
  options.endless = true;
  options.unbounded = true;
  options.token_delay = std::chrono::milliseconds(1);
  ModeOptions wanted = mode(Mode::contemplating, 4, 1);
  wanted.budget_tokens = 40;
  ChatRequest request = asking(kQuestion);
  request.max_tokens = 80;
  Hearer hearer;
  ask(options, request, wanted, hearer);
  EXPECT_EQ(hearer.last(Progress::Kind::agreement).result, "7");
  EXPECT_LT(hearer.usage.completion_tokens, 600);
}

TEST(Contemplating, ADraftIsGivenOutWhereTheLastStepFails) {
  FakeModelOptions options;
  options.answer = [](const ChatRequest& request) -> Result<std::string> {
    if (has(request, "Draft 1:")) return Error{ErrorCode::network, "the server is gone", {}};
    return std::string("the sea is wide");
  };
  Hearer hearer;
  ask(options, asking("Write about the sea."), mode(Mode::contemplating, 3), hearer);
  EXPECT_EQ(hearer.text, "the sea is wide");
  EXPECT_NE(hearer.reasoning.find("the server is gone"), std::string::npos) << hearer.reasoning;
  EXPECT_EQ(hearer.finish, FinishReason::stop);
}

TEST(Contemplating, WhenAllFailItSaysWhy) {
  FakeModelOptions options;
  options.fail = Error{ErrorCode::network, "the other end hung up", {}};
  options.fail_after = 1;
  Hearer hearer;
  ask(options, asking(kQuestion), mode(Mode::contemplating), hearer);
  EXPECT_EQ(hearer.finish, FinishReason::error);
  EXPECT_EQ(hearer.error.value_or(Error{}).code, ErrorCode::network);
  EXPECT_EQ(hearer.text, "");
}

TEST(Contemplating, WithoutAnyResultThereIsStillAnAnswer) {
  FakeModelOptions options;
  options.answer = [](const ChatRequest& request) -> std::string {
    return has(request, "Draft 1:") ? "I cannot tell." : "hm";
  };
  Hearer hearer;
  ask(options, asking(kQuestion), mode(Mode::contemplating, 4), hearer);
  EXPECT_EQ(hearer.text, "I cannot tell.");
}

}  // namespace
}  // namespace helicon::agents
