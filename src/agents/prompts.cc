#include "agents/prompts.h"

namespace helicon::agents::prompts {
namespace {

constexpr std::string_view kProgram =
    "Write a Python program that computes the answer and prints it. Print nothing but the number. "
    "Reply with the program alone, in a Python code block.";
// Draws of Thinking outvote each other's slips (self-consistency, Wang et al., 2022). A program
// makes no slips of arithmetic and has read the question anew.
constexpr Angle kNumber[] = {
    {"thinking", kReason, 0.7f, Task::thoughts},
    {"program", kProgram, 0.0f, Task::program},
    {"thinking, a second draw", kReason, 0.7f, Task::thoughts},
    {"thinking, a third draw", kReason, 0.7f, Task::thoughts},
    {"thinking, a fourth draw", kReason, 0.7f, Task::thoughts},
    {"thinking, a fifth draw", kReason, 0.7f, Task::thoughts},
    {"thinking, a sixth draw", kReason, 0.7f, Task::thoughts},
    {"thinking, a seventh draw", kReason, 0.7f, Task::thoughts},
};

// Programs again, as they are soon done; thoughts where there is nothing to run them.
constexpr std::string_view kReadAgain =
    "Above are results of other experts on the same problem; they cannot all be right. Read the "
    "problem again and find out where they differ. Then define a Python function solve() that "
    "works out each quantity of the problem on a line of its own, with a comment that says what it "
    "is, and returns the answer; then print(solve()). Reply with the program alone, in a Python "
    "code block.";
constexpr std::string_view kThinkAgain =
    "Above are results of other experts on the same problem; they cannot all be right. Read the "
    "problem again, find out where they differ, and think about it step by step. Write down your "
    "reasoning.";
constexpr Angle kNumberAgain[] = {
    {"function after reading", kReadAgain, 0.0f, Task::program},
    {"function after reading, another draw", kReadAgain, 0.7f, Task::program},
    {"thinking after reading", kThinkAgain, 0.7f, Task::thoughts},
};
constexpr Angle kChoiceAgain[] = {
    {"after reading",
     "Above are answers of other experts to the same question; they cannot all be right. Check "
     "them "
     "and decide. End with a line \"Answer: \" followed by the letter alone.",
     0.5f}};
constexpr Angle kCodeAgain[] = {
    {"repair",
     "Above is code for this that fails as shown. Find the mistake and reply with the complete "
     "corrected code in one Python code block.",
     0.5f}};
constexpr Angle kOpenAgain[] = {
    {"after reading", "Above are drafts of other experts. Write a better one of your own.", 0.7f}};

constexpr Angle kChoice[] = {
    {"step by step",
     "Think step by step. End with a line \"Answer: \" followed by the letter alone.", 0.0f},
    {"elimination",
     "Go through the options one by one and say why each is right or wrong. End with a line "
     "\"Answer: \" followed by the letter alone.",
     0.7f},
    {"step by step, another draw",
     "Think step by step. End with a line \"Answer: \" followed by the letter alone.", 0.7f},
};

constexpr std::string_view kWholeCode = "Reply with the complete code in one Python code block.";
constexpr std::string_view kTests =
    "Do not write the code itself. Write eight assert statements that a correct solution passes, "
    "each "
    "on a line of its own, with inputs for which you are sure of the result: the examples first, "
    "then "
    "simple cases and edge cases. Reply with the assert statements alone, in a Python code block.";

// Tests come from agents who have not seen the code; which of them to believe, the code's own
// agreement says (as in CodeT, Chen et al., 2022).
constexpr Angle kCode[] = {
    {"directly", kWholeCode, 0.0f},
    {"tests", kTests, 0.2f, Task::tests},
    {"another draw", kWholeCode, 0.8f},
    {"edge cases",
     "Think of the edge cases first, in a few words; then reply with the complete code in one "
     "Python "
     "code block.",
     0.8f},
    {"plan first",
     "Say in two or three sentences how you will do it; then reply with the complete code in one "
     "Python code block.",
     0.8f},
    {"a third draw", kWholeCode, 0.8f},
    {"tests, another draw", kTests, 0.8f, Task::tests},
    {"a fourth draw", kWholeCode, 0.8f},
};

constexpr Angle kOpen[] = {
    {"directly", "", 0.3f},
    {"thorough", "Be thorough: leave nothing important out.", 0.8f},
    {"plain", "Be brief and plain: what matters most, in simple words.", 0.8f},
    {"examples", "Use concrete examples.", 0.8f},
    {"critical", "Think of what is usually overlooked or got wrong about this, and avoid it.",
     0.8f},
};

}  // namespace

std::span<const Angle> angles(QuestionKind kind) {
  switch (kind) {
    case QuestionKind::number:
      return kNumber;
    case QuestionKind::choice:
      return kChoice;
    case QuestionKind::code:
      return kCode;
    case QuestionKind::open:
      break;
  }
  return kOpen;
}

std::span<const Angle> revisions(QuestionKind kind) {
  switch (kind) {
    case QuestionKind::number:
      return kNumberAgain;
    case QuestionKind::choice:
      return kChoiceAgain;
    case QuestionKind::code:
      return kCodeAgain;
    case QuestionKind::open:
      break;
  }
  return kOpenAgain;
}

}  // namespace helicon::agents::prompts
