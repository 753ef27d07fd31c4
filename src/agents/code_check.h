// Programs that check programs: what an agent wrote against the question's own examples, and
// against tests that agents wrote.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agents/checker.h"

namespace helicon::agents {

// The code of a reply: of its fenced blocks the longest, or all of it where it has none.
std::string code_of(std::string_view reply);

// The lines of a reply that begin with "assert", once each, at most `most`.
std::vector<std::string> asserts_of(std::string_view reply, size_t most);

// A program and the word, random and known to nobody before, by which its own report is told from
// what the code in it prints.
struct CheckingProgram {
  std::string text;
  std::string word;
};

// A Python program that runs `code`, then the interactive examples (">>> f(1)") in `question`, then
// each of `tests`, and prints its word and a line of JSON, {"loaded": true, "examples": 3,
// "passed": 2, "tests": [true, false], "failure": "what went wrong first, as doctest tells it"}.
CheckingProgram checking_program(std::string_view code, std::string_view question,
                                 const std::vector<std::string>& tests);

// A Python program that runs `code`, then `tests`, which define check(), then check(entry), and
// prints its word at the very end: code that ends the program before that has not passed.
CheckingProgram testing_program(std::string_view code, std::string_view tests,
                                std::string_view entry);
bool passed(const ProgramOutput& output, std::string_view word);

struct CodeReport {
  bool loaded = false;  // the code itself ran
  int examples = 0;
  int passed = 0;
  std::vector<bool> tests;
  std::string failure;
};
// What a checking program of this word has printed; not loaded where that is nothing of the kind.
CodeReport read_report(std::string_view output, std::string_view word, size_t tests);

}  // namespace helicon::agents
