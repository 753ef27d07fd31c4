// Every word that the modes add to what people ask, in one place.
#pragma once

#include <span>
#include <string_view>

#include "agents/question.h"

namespace helicon::agents::prompts {

// Thinking: the first turn, and the second.
inline constexpr std::string_view kReason =
    "Think about this step by step before you answer. Write down your reasoning.";
inline constexpr std::string_view kAnswer =
    "Now give the final answer only, complete but without repeating the reasoning.";
inline constexpr std::string_view kAnswerAtOnce =
    "That is enough reasoning. Now give the final answer only.";

// What an agent writes.
enum class Task {
  solution,
  thoughts,  // and then the answer in a turn of its own, as Thinking does
  program,   // whose output is the result
  tests,     // for what the others write
};

// How an agent goes about a question.
struct Angle {
  std::string_view name;         // as people see it
  std::string_view instruction;  // below the question
  float temperature;
  Task task = Task::solution;
};
// In the order in which agents take them, over and over.
std::span<const Angle> angles(QuestionKind kind);

// The same for the rounds that follow the first: below the question and the digest.
std::span<const Angle> revisions(QuestionKind kind);

// The end of a digest for the answer that is made of all drafts.
inline constexpr std::string_view kAggregate =
    "Above are drafts by several experts. Write the best possible reply to the question: take what "
    "is "
    "best in each, leave out what is wrong or said twice, and do not mention the drafts or "
    "experts.";
inline constexpr std::string_view kExplain =
    "Several experts worked on this and checked the result: {result}. Explain in a few sentences "
    "how "
    "it comes about, and end with a line \"Answer: {result}\".";

}  // namespace helicon::agents::prompts
