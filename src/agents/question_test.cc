#include "agents/question.h"

#include <gtest/gtest.h>

#include <string>

namespace helicon::agents {
namespace {

QuestionKind kind(const std::string& text) {
  chat::Message system, question;
  system.role = "system";
  system.content = "How many?";
  question.role = "user";
  question.content = text;
  const std::vector<chat::Message> messages = {system, question};
  return kind_of(messages);
}

TEST(QuestionKind, FollowsFromTheLastQuestion) {
  EXPECT_EQ(kind("Weng earns $12 an hour. She did 50 minutes. How much did she earn?"),
            QuestionKind::number);
  EXPECT_EQ(kind("What is 17 * 23?"), QuestionKind::number);
  EXPECT_EQ(kind("If a train does two laps in half an hour, how long for six?"),
            QuestionKind::number);
  EXPECT_EQ(kind("He ran 3 miles and 5 miles. Determine the average."), QuestionKind::number);
  EXPECT_EQ(kind("She is 7, twice as old as he. What year was he born in?"), QuestionKind::number);
  EXPECT_EQ(kind("Of 1/2 of 60 a third sat. What's the number of those?"), QuestionKind::number);
  EXPECT_EQ(kind("It can do 80 miles an hour. At what speed can the other?"), QuestionKind::number);
  EXPECT_EQ(kind("Which planet is largest?\nA) Mars\nB) Jupiter\nC) Venus\nD) Earth"),
            QuestionKind::choice);
  EXPECT_EQ(kind("def add(a, b):\n    \"\"\"Adds.\n    >>> add(1, 2)\n    3\n    \"\"\"\n"),
            QuestionKind::code);
  EXPECT_EQ(kind("Write a Python function that reverses a list."), QuestionKind::code);
  EXPECT_EQ(kind("How many roads must a man walk down?"), QuestionKind::open);
  EXPECT_EQ(kind("Write an essay about the sea."), QuestionKind::open);
  EXPECT_EQ(kind("Plan a trip of 3 days to Rome."), QuestionKind::open);
  EXPECT_EQ(kind(""), QuestionKind::open);
  EXPECT_EQ(kind_of({}), QuestionKind::open);
}

TEST(QuestionKind, ANumberThatIsMentionedIsNoneToCalculate) {
  for (const char* question :
       {"What is the best plan for a 3 day trip to Rome?",
        "What is the difference between TCP and UDP, in two paragraphs?",
        "Write a short essay about what is good and what is bad in the politics of the two world "
        "wars.",
        "What is your opinion on remote work? Write one page with three arguments.",
        "Explain what will happen to jobs in the next 10 years.",
        "Determine the main causes of the two world wars.",
        "Solve the conflict between my two roommates: write them a letter.",
        "What is the name of the president of the USA in 1990?",
        "Evaluate the literary style of George Orwell's 1984.", "What is HTTP/2?",
        "A train leaves at 10:30 and takes 2 hours 45 minutes. What is the arrival time?",
        "What is 1/3 + 1/4 as a fraction?"})
    EXPECT_EQ(kind(question), QuestionKind::open) << question;
  for (const char* question : {"17*25=?", "Give me the product of 17 and 25.", "What is 20% of 50?",
                               "Solve 3x + 4 = 10.", "Evaluate 3^4.", "What's (3 + 4) / 7?"})
    EXPECT_EQ(kind(question), QuestionKind::number) << question;
}

TEST(QuestionKind, CodeIsPython) {
  for (const char* question : {"Write a function in Rust that returns the factorial of n.",
                               "Create a SQL query that counts users.",
                               "Write a JavaScript function that reverses a list.",
                               "Write a program in C that sorts numbers."})
    EXPECT_EQ(kind(question), QuestionKind::open) << question;
  EXPECT_EQ(kind("Write a function that returns the factorial of n."), QuestionKind::code);
  EXPECT_EQ(kind("Translate this Java method to a Python function: fix it, too."),
            QuestionKind::code);
}

TEST(ResultOf, NumbersInTheFormThatVotesCompare) {
  const auto number = [](const char* text) {
    return result_of(QuestionKind::number, text).value_or("none");
  };
  EXPECT_EQ(number("so it is 5.\nAnswer: 42"), "42");
  EXPECT_EQ(number("Answer: $1,250.00 in all, for 3 people"), "1250");
  EXPECT_EQ(number("**Answer:** 7.50"), "7.5");
  EXPECT_EQ(number("The answer is 12 apples."), "12");
  EXPECT_EQ(number("Answer: 3 * 4 = 12"), "12");
  EXPECT_EQ(number("Answer: 1\nNo, Answer: 2"), "2");
  EXPECT_EQ(number("Answer: -3"), "-3");
  EXPECT_EQ(number("between 2-3"), "3");
  EXPECT_EQ(number("she needs \\boxed{5} more"), "5");
  EXPECT_EQ(number("3 in x2"), "3");
  EXPECT_EQ(number("0.30000000000000004"), "0.3");
  EXPECT_EQ(number("nothing"), "none");
  EXPECT_EQ(number("Answer: none of them"), "none");
  EXPECT_EQ(number("answer"), "none");
  EXPECT_EQ(number(""), "none");
  EXPECT_EQ(number(std::string(400, '9').c_str()), "none");
}

TEST(ResultOf, Letters) {
  const auto letter = [](const char* text) {
    return result_of(QuestionKind::choice, text).value_or("none");
  };
  EXPECT_EQ(letter("A is wrong.\nAnswer: B"), "B");
  EXPECT_EQ(letter("The answer is (C)."), "C");
  EXPECT_EQ(letter("so B"), "B");
  EXPECT_EQ(letter("DNA is the answer: none"), "none");
  EXPECT_FALSE(result_of(QuestionKind::open, "Answer: 4"));
}

TEST(CodeBlocks, AlsoOfATextThatEndsWithin) {
  EXPECT_EQ(code_blocks("a\n```python\nx = 1\n```\nb\n```\ny\n```"),
            (std::vector<std::string>{"x = 1\n", "y\n"}));
  EXPECT_EQ(code_blocks("```python\nx = 1"), std::vector<std::string>{"x = 1"});
  EXPECT_TRUE(code_blocks("none").empty());
  EXPECT_TRUE(code_blocks("```").empty());
}

}  // namespace
}  // namespace helicon::agents
