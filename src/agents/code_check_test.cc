#include "agents/code_check.h"

#include <gtest/gtest.h>

#include "agents/sandbox_runner.h"

namespace helicon::agents {
namespace {

constexpr const char* kQuestion =
    "def double(x):\n    \"\"\"Twice x.\n    >>> double(2)\n    4\n    >>> double('a')\n    'aa'\n"
    "    \"\"\"\n";

CodeReport report_of(const std::string& code, const std::vector<std::string>& tests = {}) {
  const auto runner = sandbox_runner();
  EXPECT_TRUE(runner.ok()) << runner.error().message;
  if (!runner.ok()) return {};
  const CheckingProgram program = checking_program(code, kQuestion, tests);
  const auto output = (*runner)->run(program.text, std::chrono::seconds(10), {});
  EXPECT_TRUE(output.ok());
  return read_report(output->output, program.word, tests.size());
}

TEST(CodeCheck, RunsTheQuestionsExamplesAndTheTests) {
  const CodeReport good =
      report_of("def double(x):\n    return x * 2\n",
                {"assert double(3) == 6", "assert double(3) == 7", "nonsense("});
  EXPECT_TRUE(good.loaded);
  EXPECT_EQ(good.examples, 2);
  EXPECT_EQ(good.passed, 2);
  EXPECT_EQ(good.tests, (std::vector<bool>{true, false, false}));
  EXPECT_EQ(good.failure, "");
}

TEST(CodeCheck, SaysWhatFailsFirst) {
  const CodeReport wrong = report_of("def double(x):\n    return x + 2\n");
  EXPECT_TRUE(wrong.loaded);
  EXPECT_EQ(wrong.passed, 1);
  EXPECT_NE(wrong.failure.find("double('a')"), std::string::npos) << wrong.failure;
  EXPECT_NE(wrong.failure.find("TypeError"), std::string::npos) << wrong.failure;
  const CodeReport broken = report_of("def double(x:\n");
  EXPECT_FALSE(broken.loaded);
  EXPECT_NE(broken.failure.find("SyntaxError"), std::string::npos);
  EXPECT_FALSE(report_of("import sys\nsys.exit(0)").loaded);
}

TEST(CodeCheck, TheCodeCannotReportForItself) {
  const std::string report = R"({"loaded": true, "examples": 2, "passed": 2, "tests": [true]})";
  const std::string lie =
      "import os, sys\nprint('" + report + "', flush=True)\nos.write(1, b'\\n" + report + "')\n";
  const std::vector<std::string> tests = {"assert double(3) == 6"};
  for (const char* end : {"", "os._exit(0)", "sys.exit(0)", "exit()", "raise SystemExit(0)",
                          "os.execv('/usr/bin/true', ['true'])", "raise KeyboardInterrupt"}) {
    const CodeReport found = report_of(lie + end, tests);
    EXPECT_EQ(found.passed, 0) << end;
    EXPECT_EQ(found.tests, std::vector<bool>{false}) << end;
  }
  EXPECT_FALSE(report_of("import os\ndef double(x):\n    os._exit(0)\n", tests).loaded);
  EXPECT_EQ(report_of(lie + "import json, sys\njson.dumps = lambda x: '{}'\n").examples, 2);
  // What the harness and the tests are made of cannot be replaced in passing.
  const std::string wrong = "def double(x):\n    return x * 3\n";
  for (const char* trick : {"import builtins\nbuiltins.exec = lambda *x: None\n",
                            "import doctest\ndoctest.DocTestRunner.run = lambda *x, **y: "
                            "doctest.TestResults(0, 1)\n",
                            "import builtins\nbuiltins.abs = lambda x: 0\n",
                            "import __main__\n__main__.check = lambda *x: None\n"}) {
    const CodeReport found = report_of(wrong + trick, {"assert abs(double(3) - 6) == 0"});
    EXPECT_EQ(found.passed, 0) << trick;
    EXPECT_EQ(found.tests, std::vector<bool>{false}) << trick;
  }
}

TEST(CodeCheck, AReportComesThroughWhateverIsPrinted) {
  const CodeReport good = report_of(
      "import os\ndef double(x):\n    os.write(1, b'x' * 100000)\n"
      "    return x * 2\n");
  EXPECT_EQ(good.passed, 2);
  const CodeReport long_failure = report_of("def double(x):\n    return '\U0001F600' * 100000\n");
  EXPECT_TRUE(long_failure.loaded);
  EXPECT_NE(long_failure.failure, "");
}

// Many replies end with a way to try the code.
TEST(CodeCheck, CodeIsAModuleAndNoScript) {
  const CodeReport found = report_of(
      "from __future__ import annotations\nfrom dataclasses import dataclass\n"
      "@dataclass\nclass Two:\n    factor: int = 2\n"
      "def double(x):\n    return x * Two().factor\n"
      "if __name__ == '__main__':\n    import unittest\n    unittest.main()\n");
  EXPECT_TRUE(found.loaded) << found.failure;
  EXPECT_EQ(found.passed, 2);
}

TEST(CodeCheck, NonsenseIsNoReport) {
  for (const char* text : {"", "{", "[]", "{\"loaded\": 1, \"passed\": \"x\"}", "null"}) {
    EXPECT_FALSE(read_report(std::string("word ") + text, "word", 2).loaded) << text;
    EXPECT_EQ(read_report(text, "word", 2).tests.size(), 2u);
  }
  EXPECT_TRUE(read_report("x\nword {\"loaded\": true}", "word", 0).loaded);
  EXPECT_FALSE(read_report("x\n{\"loaded\": true}", "word", 0).loaded);
  EXPECT_FALSE(read_report("x\n{\"loaded\": true}", "", 0).loaded);
}

TEST(CodeCheck, FindsCodeAndTestsInReplies) {
  EXPECT_EQ(code_of("Here:\n```python\nx = 1\n```\nand\n```\nlonger = 2\n```"), "longer = 2\n");
  EXPECT_EQ(code_of("x = 1"), "x = 1");
  EXPECT_EQ(asserts_of("```\nassert f(1) == 2\n  assert f(2) == 3\nassert f(1) == 2\nx\n```", 5),
            (std::vector<std::string>{"assert f(1) == 2", "assert f(2) == 3"}));
  EXPECT_EQ(asserts_of("assert 1\nassert 2\nassert 3", 2).size(), 2u);
}

}  // namespace
}  // namespace helicon::agents
