#include "eval_task.h"

#include <gtest/gtest.h>

#include "agents/sandbox_runner.h"

namespace helicon::apps {
namespace {

bool right(const char* task, const std::string& line, const std::string& answer) {
  static const auto programs = agents::sandbox_runner();
  EXPECT_TRUE(programs.ok()) << programs.error().message;
  const EvalTask* found = find_task(task);
  const auto problem = found->read(line, 0);
  EXPECT_TRUE(problem.ok()) << problem.error().message;
  const auto verdict = found->judge(*problem, answer, programs.ok() ? programs->get() : nullptr);
  EXPECT_TRUE(verdict.ok()) << verdict.error().message;
  return verdict.ok() && verdict->correct;
}

TEST(EvalTask, Gsm8kComparesNumbers) {
  const std::string line = R"({"question":"How much?","answer":"2+2=<<2+2=4>>4\n#### 1,250"})";
  EXPECT_TRUE(right("gsm8k", line, "It is 5 * 250 = 1250."));
  EXPECT_TRUE(right("gsm8k", line, "Answer: $1,250.00 in 3 weeks"));
  EXPECT_FALSE(right("gsm8k", line, "1250 at first. Answer: 1251"));
  EXPECT_FALSE(right("gsm8k", line, ""));
}

TEST(EvalTask, MmluComparesLetters) {
  const std::string line = R"({"question":"Which?","choices":["a","b","c","d"],"answer":2})";
  EXPECT_TRUE(right("mmlu", line, "A is wrong.\nAnswer: C"));
  EXPECT_FALSE(right("mmlu", line, "C is wrong.\nAnswer: A"));
}

TEST(EvalTask, HumanEvalRunsTheHiddenTests) {
  const std::string line =
      R"({"task_id":"HumanEval/0","entry_point":"halve","prompt":"from typing import List\n\n\n)"
      R"(def halve(x: List[int]) -> List[float]:\n    \"\"\"Half of each.\"\"\"\n",)"
      R"("test":"def check(candidate):\n    assert candidate([2, 3]) == [1, 1.5]\n"})";
  const auto block = [](const std::string& code) {
    return "Here:\n```python\n" + code + "\n```\n";
  };
  const std::string whole =
      "def halve(x: List[int]) -> List[float]:\n    return [i / 2 for i in x]";
  EXPECT_TRUE(right("humaneval", line, block(whole)));
  EXPECT_TRUE(right("humaneval", line, block("    return [i / 2 for i in x]")));
  EXPECT_FALSE(right("humaneval", line, block("def halve(x):\n    return x")));
  EXPECT_FALSE(right("humaneval", line, block("def halve(x:\n")));
  EXPECT_FALSE(right("humaneval", line, block("def halve(x):\n    while True: pass")));
  EXPECT_TRUE(right("humaneval", line, block(whole + "\nprint('x' * 1000000)")));
  // What the code says of itself counts for nothing, nor that it ends without an error.
  for (const char* end :
       {"raise SystemExit(0)", "import os; os._exit(0)", "import sys; sys.exit(0)", "exit()",
        "quit()", "import atexit, os; atexit.register(os._exit, 0)",
        "import os; os.execv('/usr/bin/true', ['true'])"})
    EXPECT_FALSE(right("humaneval", line,
                       block(std::string("def halve(x):\n    return x\nprint('passed')\n") + end)))
        << end;
  for (const char* body : {"import os; os._exit(0)", "raise SystemExit(0)"})
    EXPECT_FALSE(right("humaneval", line, block(std::string("def halve(x):\n    ") + body)))
        << body;
  const std::string wrong = "def halve(x):\n    return x\n";
  EXPECT_FALSE(right("humaneval", line, block(wrong + "def check(f): pass")));
  EXPECT_FALSE(right("humaneval", line,
                     block(wrong + "import builtins\nbuiltins.exec = lambda *x: None\n"
                                   "builtins.compile = lambda *x: ''")));
  EXPECT_FALSE(right("humaneval", line,
                     block(wrong + "import __main__\n__main__.check = lambda *x: None\n"
                                   "print(__main__.word)")));
}

TEST(EvalTask, OnesOwnFileComparesNumbersOrLooksForTheText) {
  EXPECT_TRUE(right("file", R"({"question":"q","answer":42})", "Answer: 42.0"));
  EXPECT_TRUE(right("file", R"({"question":"q","answer":"Paris"})", "It is paris, of course."));
  EXPECT_FALSE(right("file", R"({"question":"q","answer":"Paris"})", "It is Rome."));
}

}  // namespace
}  // namespace helicon::apps
