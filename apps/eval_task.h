// The published sets of problems, and files of one's own: what is asked, and when an answer is
// right.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "agents/checker.h"
#include "base/result.h"

namespace helicon::apps {

struct Problem {
  std::string id;
  std::string prompt;    // all that the model sees
  std::string expected;  // as answers are compared; of humaneval the hidden tests
  std::string begin;     // of humaneval: the function's head, which the answer may leave out
  std::string entry;     // of humaneval: the function's name
};

struct Verdict {
  bool correct = false;
  std::string extracted;  // from the answer, as it was compared
};

// One line of the table in docs/evaluation.md.
struct EvalTask {
  std::string_view name;
  int version = 1;    // of prompts, extraction and judgement: other ones, another number
  bool runs = false;  // needs a sandbox
  // Reads one line of the set. Error: corrupt, without the file's name and the line.
  Result<Problem> (*read)(const std::string& line, size_t number);
  // Whether an answer is right. Errors: those of ProgramRunner::run.
  Result<Verdict> (*judge)(const Problem& problem, const std::string& answer,
                           const agents::ProgramRunner* programs);
};

// Null where there is none; a file of one's own is "file".
const EvalTask* find_task(std::string_view name);
std::vector<std::string> task_names();

// Problems [first, first + most) of a file of JSON lines. Errors: not_found, io, corrupt with the
// line's number, invalid_argument where there are none so far on.
Result<std::vector<Problem>> read_problems(const EvalTask& task, const std::filesystem::path& path,
                                           size_t first, size_t most);

}  // namespace helicon::apps
