#include "agents/code_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <random>
#include <utility>

#include "agents/question.h"
#include "base/json_members.h"

namespace helicon::agents {
namespace {

namespace json = boost::json;

constexpr size_t kMostFailure = 600;  // bytes

// A report counts by a word that is drawn for each run, and comes when all is done: code that
// prints a report of its own, or ends the program, has none. What the harness uses it holds
// beforehand, in variables of a function; the code has another `__main__`, another doctest, and the
// tests have builtins that it cannot have replaced. It all is one process, though, and code that
// sets out to find the word, by walking up the frames of the interpreter, will: such a report is
// worth as much as the model is honest, and never more than that. It harms nobody but the one who
// is answered.
constexpr std::string_view kBegin = R"(
def begin():
    import builtins, os, sys, types
    sys.modules["__main__"] = types.ModuleType("__main__")
    answer = sys.modules["answer"] = types.ModuleType("answer")
    out, write, leave = os.dup(1), os.write, os._exit
    def finish(text):
        data = text.encode()
        while data:
            data = data[write(out, data):]
        leave(0)
    return vars(answer), dict(vars(builtins)), finish
)";

constexpr std::string_view kReport = R"(
def check(word, code, question, tests):
    import doctest, io, json, sys
    space, clean, finish = begin()
    run, make, copy, dumps = exec, compile, dict, json.dumps
    del sys.modules["doctest"]
    sys.stdout = io.StringIO()
    report = {"loaded": False, "examples": 0, "passed": 0, "tests": [], "failure": ""}
    try:
        bare = question.replace('"""', "\n").replace("'''", "\n")
        examples = doctest.DocTestParser().get_examples(bare)
    except ValueError:
        examples = []
    try:
        run(make(code, "answer.py", "exec"), space)
        report["loaded"] = True
    except BaseException as error:
        report["failure"] = f"{type(error).__name__}: {error}"
    space["__builtins__"] = clean
    if report["loaded"]:
        runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
        for example in examples:
            told = io.StringIO()
            one = doctest.DocTest([example], copy(space), "example", None, None, None)
            failed = runner.run(one, out=told.write, clear_globs=False).failed
            report["examples"] += 1
            report["passed"] += not failed
            if failed and not report["failure"]:
                report["failure"] = told.getvalue().split("Failed example:")[-1].strip()
        for test in tests:
            try:
                run(test, copy(space))
                report["tests"].append(True)
            except BaseException:
                report["tests"].append(False)
    # Of the failure no more than is read of it: the rest would be cut off the output.
    report["failure"] = report["failure"][:600]
    finish("\n" + word + " " + dumps(report))
)";

constexpr std::string_view kHidden = R"(
def check(word, code, tests, entry):
    space, clean, finish = begin()
    run, make = exec, compile
    run(make(code, "answer.py", "exec"), space)
    space["__builtins__"] = clean
    run(make(tests, "tests.py", "exec"), space)
    space["check"](space[entry])
    finish("\n" + word + "\n")
)";

// JSON's strings are Python's, too.
std::string literal(std::string_view text) { return json::serialize(json::string(text)); }

// 128 bits that nobody knows beforehand.
std::string random_word() {
  std::random_device random;
  return fmt::format("done{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

}  // namespace

std::string code_of(std::string_view reply) {
  std::vector<std::string> blocks = code_blocks(reply);
  if (blocks.empty()) return std::string(reply);
  return *std::max_element(blocks.begin(), blocks.end(),
                           [](const auto& a, const auto& b) { return a.size() < b.size(); });
}

std::vector<std::string> asserts_of(std::string_view reply, size_t most) {
  std::vector<std::string> found;
  for (size_t begin = 0; begin < reply.size() && found.size() < most;) {
    const size_t end = std::min(reply.find('\n', begin), reply.size());
    std::string_view line = reply.substr(begin, end - begin);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.starts_with("assert ") && std::find(found.begin(), found.end(), line) == found.end())
      found.emplace_back(line);
    begin = end + 1;
  }
  return found;
}

CheckingProgram checking_program(std::string_view code, std::string_view question,
                                 const std::vector<std::string>& tests) {
  std::string list;
  for (const std::string& test : tests) list += literal(test) + ", ";
  std::string word = random_word();
  std::string text = fmt::format("{}{}\ncheck({}, {}, {}, [{}])\n", kBegin, kReport, literal(word),
                                 literal(code), literal(question), list);
  return {std::move(text), std::move(word)};
}

CheckingProgram testing_program(std::string_view code, std::string_view tests,
                                std::string_view entry) {
  std::string word = random_word();
  std::string text = fmt::format("{}{}\ncheck({}, {}, {}, {})\n", kBegin, kHidden, literal(word),
                                 literal(code), literal(tests), literal(entry));
  return {std::move(text), std::move(word)};
}

bool passed(const ProgramOutput& output, std::string_view word) {
  return output.ran && !word.empty() && output.output.ends_with(fmt::format("\n{}\n", word));
}

CodeReport read_report(std::string_view output, std::string_view word, size_t tests) {
  CodeReport report;
  report.tests.assign(tests, false);
  output.remove_prefix(std::min(output.rfind('\n') + 1, output.size()));
  if (word.empty() || !output.starts_with(word)) return report;
  boost::system::error_code error;
  const json::value value = json::parse(output.substr(word.size()), error);
  const json::object* object = error ? nullptr : value.if_object();
  if (object == nullptr) return report;
  const auto number = [&](std::string_view name) {
    const json::value* found = object->if_contains(name);
    return found != nullptr && found->is_int64() ? static_cast<int>(found->as_int64()) : 0;
  };
  if (const json::value* loaded = object->if_contains("loaded"))
    report.loaded = loaded->is_bool() && loaded->as_bool();
  report.examples = number("examples");
  report.passed = number("passed");
  report.failure = string_in(object, "failure").substr(0, kMostFailure);
  if (const json::value* list = object->if_contains("tests"); list && list->is_array())
    for (size_t i = 0; i < std::min(tests, list->as_array().size()); ++i)
      report.tests[i] = list->as_array()[i].is_bool() && list->as_array()[i].as_bool();
  return report;
}

}  // namespace helicon::agents
