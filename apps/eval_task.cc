#include "eval_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <map>

#include "agents/code_check.h"
#include "agents/question.h"

namespace helicon::apps {
namespace {

namespace json = boost::json;
using agents::QuestionKind;

Error corrupt(std::string what) { return Error{ErrorCode::corrupt, std::move(what), {}}; }

Result<json::object> parse_line(const std::string& line) {
  boost::system::error_code failure;
  json::value value = json::parse(line, failure);
  if (failure || !value.is_object()) return corrupt("is no JSON object");
  return std::move(value.get_object());
}

Result<std::string> text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (!value || !value->is_string()) return corrupt(fmt::format("has no text \"{}\"", name));
  return std::string(value->as_string());
}

// GSM8K (Cobbe et al., 2021): {"question", "answer": "... #### 42"}.
Result<Problem> read_gsm8k(const std::string& line, size_t number) {
  HELICON_ASSIGN(const json::object object, parse_line(line));
  HELICON_ASSIGN(const std::string question, text_of(object, "question"));
  HELICON_ASSIGN(const std::string answer, text_of(object, "answer"));
  const size_t mark = answer.rfind("####");
  if (mark == std::string::npos) return corrupt("has no #### before its result");
  const auto expected = agents::number_in(answer.substr(mark + 4));
  if (!expected) return corrupt("has no number behind its ####");
  return Problem{fmt::format("gsm8k/{}", number), question, *expected, {}, {}};
}

Result<Verdict> judge_number(const Problem& problem, const std::string& answer,
                             const agents::ProgramRunner*) {
  const std::string found = agents::result_of(QuestionKind::number, answer).value_or("");
  return Verdict{found == problem.expected, found};
}

// HumanEval (Chen et al., 2021): {"task_id", "prompt", "entry_point", "test"}.
Result<Problem> read_humaneval(const std::string& line, size_t) {
  HELICON_ASSIGN(const json::object object, parse_line(line));
  HELICON_ASSIGN(const std::string id, text_of(object, "task_id"));
  HELICON_ASSIGN(const std::string head, text_of(object, "prompt"));
  HELICON_ASSIGN(const std::string entry, text_of(object, "entry_point"));
  HELICON_ASSIGN(const std::string test, text_of(object, "test"));
  return Problem{id,
                 fmt::format("Complete this Python function. Reply with the whole function in one "
                             "Python code block.\n\n```python\n{}\n```",
                             head),
                 test, head, entry};
}

Result<Verdict> judge_humaneval(const Problem& problem, const std::string& answer,
                                const agents::ProgramRunner* programs) {
  constexpr std::chrono::milliseconds limit{10'000};
  const std::string code = agents::code_of(answer);
  const bool whole = code.find("def " + problem.entry) != std::string::npos;
  // The head brings imports and helpers along; what the answer defines again counts.
  const agents::CheckingProgram program = agents::testing_program(
      fmt::format("{}\n{}\n", whole ? problem.begin + "\n    pass\n" : problem.begin, code),
      problem.expected, problem.entry);
  HELICON_ASSIGN(const agents::ProgramOutput output, programs->run(program.text, limit, {}));
  return Verdict{agents::passed(output, program.word), code};
}

// MMLU (Hendrycks et al., 2020), as lines: {"question", "choices": [4 texts], "answer": 0 to 3}.
Result<Problem> read_mmlu(const std::string& line, size_t number) {
  HELICON_ASSIGN(const json::object object, parse_line(line));
  HELICON_ASSIGN(std::string prompt, text_of(object, "question"));
  const json::value* choices = object.if_contains("choices");
  const json::value* answer = object.if_contains("answer");
  if (!choices || !choices->is_array() || choices->as_array().size() != 4)
    return corrupt("has no four choices");
  if (!answer || !answer->is_int64() || answer->as_int64() < 0 || answer->as_int64() > 3)
    return corrupt("has no answer from 0 to 3");
  prompt += "\n";
  for (size_t i = 0; i < 4; ++i) {
    if (!choices->as_array()[i].is_string()) return corrupt("has a choice that is no text");
    prompt += fmt::format("\n{}) {}", static_cast<char>('A' + i),
                          std::string(choices->as_array()[i].as_string()));
  }
  prompt += "\n\nEnd with a line \"Answer: \" followed by the letter.";
  return Problem{fmt::format("mmlu/{}", number),
                 prompt,
                 std::string(1, static_cast<char>('A' + answer->as_int64())),
                 {},
                 {}};
}

Result<Verdict> judge_letter(const Problem& problem, const std::string& answer,
                             const agents::ProgramRunner*) {
  const std::string found = agents::result_of(QuestionKind::choice, answer).value_or("");
  return Verdict{found == problem.expected, found};
}

std::string plain(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

// A file of one's own: {"question", "answer"}, and "id" where there is one. An answer that is a
// number is compared as that, and any other text has to stand in what the model says.
Result<Problem> read_own(const std::string& line, size_t number) {
  HELICON_ASSIGN(const json::object object, parse_line(line));
  HELICON_ASSIGN(const std::string question, text_of(object, "question"));
  const json::value* answer = object.if_contains("answer");
  if (!answer || answer->is_structured() || answer->is_null())
    return corrupt("has no \"answer\" that is a text or a number");
  const std::string expected = plain(*answer);
  if (expected.empty()) return corrupt("has an empty \"answer\"");
  const json::value* id = object.if_contains("id");
  if (id && (id->is_structured() || id->is_null()))
    return corrupt("has an \"id\" that is neither a text nor a number");
  return Problem{id ? plain(*id) : std::to_string(number), question, expected, {}, {}};
}

Result<Verdict> judge_own(const Problem& problem, const std::string& answer,
                          const agents::ProgramRunner*) {
  const bool numeric = problem.expected.find_first_not_of("0123456789.,-") == std::string::npos;
  if (numeric) {
    const std::string found = agents::result_of(QuestionKind::number, answer).value_or("");
    return Verdict{found == agents::number_in(problem.expected), found};
  }
  const auto lower = [](std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  };
  return Verdict{lower(answer).find(lower(problem.expected)) != std::string::npos, answer};
}

constexpr EvalTask kTasks[] = {{"gsm8k", 1, false, read_gsm8k, judge_number},
                               {"humaneval", 2, true, read_humaneval, judge_humaneval},
                               {"mmlu", 1, false, read_mmlu, judge_letter},
                               {"file", 1, false, read_own, judge_own}};

}  // namespace

const EvalTask* find_task(std::string_view name) {
  for (const EvalTask& task : kTasks)
    if (task.name == name) return &task;
  return nullptr;
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const EvalTask& task : kTasks) names.emplace_back(task.name);
  return names;
}

Result<std::vector<Problem>> read_problems(const EvalTask& task, const std::filesystem::path& path,
                                           size_t first, size_t most) {
  std::ifstream file(path);
  if (!file)
    return Error{ErrorCode::not_found, fmt::format("{}: cannot be read", path.string()), "data"};
  std::vector<Problem> problems;
  std::map<std::string, size_t> lines;  // where an id was first
  std::string line;
  size_t number = 0;
  for (size_t at = 1; std::getline(file, line) && problems.size() < most; ++at) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (number++ < first) continue;
    auto problem = task.read(line, number - 1);
    if (!problem.ok())
      return Error{ErrorCode::corrupt,
                   fmt::format("{}: line {} {}", path.string(), at, problem.error().message),
                   "data"};
    if (const auto [same, added] = lines.emplace(problem->id, at); !added)
      return Error{ErrorCode::corrupt,
                   fmt::format("{}: line {} has the id '{}' of line {}", path.string(), at,
                               problem->id, same->second),
                   "data"};
    problems.push_back(*std::move(problem));
  }
  if (problems.empty())
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("{}: has {} problems, and none from {} on", path.string(), number, first),
        "data"};
  return problems;
}

}  // namespace helicon::apps
