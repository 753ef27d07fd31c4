#include "agents/question.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

namespace helicon::agents {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// Whether one of the phrases stands in the text, between other than word characters.
bool says(std::string_view text, std::initializer_list<std::string_view> phrases) {
  for (const std::string_view phrase : phrases)
    for (size_t at = text.find(phrase); at != std::string_view::npos;
         at = text.find(phrase, at + 1)) {
      const size_t end = at + phrase.size();
      const bool whole = (at == 0 || !is_word(text[at - 1]) || !is_word(phrase.front())) &&
                         (end == text.size() || !is_word(text[end]) || !is_word(phrase.back()));
      if (whole) return true;
    }
  return false;
}

// Lines that begin with A, B and C, as "A)", "(A)" or "A.".
bool lists_letters(std::string_view text) {
  std::string seen;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find('\n', begin);
    end = end == std::string_view::npos ? text.size() : end;
    std::string_view line = text.substr(begin, end - begin);
    while (!line.empty() && (line.front() == ' ' || line.front() == '(')) line.remove_prefix(1);
    if (line.size() > 2 && line[0] == static_cast<char>('A' + seen.size()) &&
        std::string_view(").:").find(line[1]) != std::string_view::npos)
      seen += line[0];
    begin = end + 1;
  }
  return seen.size() >= 3;
}

// Of programs only those in Python are run. ("C" and "R" are words of other kinds, too.)
bool names_other_language(const std::string& text) {
  return says(text, {"rust",   "javascript", "typescript", "js",      "java",    "kotlin", "swift",
                     "golang", "in go",      "c++",        "c#",      "in c",    "in r",   "php",
                     "ruby",   "perl",       "lua",        "haskell", "scala",   "julia",  "sql",
                     "html",   "css",        "bash",       "shell",   "fortran", "matlab"}) &&
         !says(text, {"python"});
}

bool asks_for_code(const std::string& text) {
  if (text.find("def ") != std::string::npos && text.find("):") != std::string::npos) return true;
  if (names_other_language(text)) return false;
  if (text.find(") -> ") != std::string::npos && says(text, {"def"})) return true;
  return says(text, {"write", "implement", "complete", "fix", "debug", "create"}) &&
         says(text, {"python function", "python program", "python script", "a function",
                     "this function", "the function", "a python", "unit test", "unit tests"});
}

// Something to calculate: "17*23", "3x + 4", "20% of 50".
bool has_expression(std::string_view text) {
  for (size_t at = 1; at + 1 < text.size(); ++at) {
    if (text[at] == '%' && is_digit(text[at - 1]) && text.substr(at, 4) == "% of") return true;
    if (std::string_view("+-*/^").find(text[at]) == std::string_view::npos) continue;
    size_t left = at, right = at + 1;
    while (left > 0 && text[left - 1] == ' ') --left;
    while (right < text.size() && std::string_view(" ($").find(text[right]) != text.npos) ++right;
    const bool unknown = left > 1 && std::islower(static_cast<unsigned char>(text[left - 1])) &&
                         is_digit(text[left - 2]);
    if (left > 0 && (is_digit(text[left - 1]) || text[left - 1] == ')' || unknown) &&
        right < text.size() && is_digit(text[right]))
      return true;
  }
  return false;
}

// "10:30": a time of day, which is no number that votes compare.
bool has_clock(std::string_view text) {
  for (size_t at = 1; at + 2 < text.size(); ++at)
    if (text[at] == ':' && is_digit(text[at - 1]) && is_digit(text[at + 1]) &&
        is_digit(text[at + 2]))
      return true;
  return false;
}

bool asks_for_number(const std::string& text) {
  const bool digits = std::any_of(text.begin(), text.end(), is_digit);
  if (!digits && !says(text, {"two", "three", "four", "five", "six", "seven", "eight", "nine",
                              "ten", "half", "twice", "dozen", "double"}))
    return false;
  if (says(text, {"how many", "how much", "how long", "how old", "how far", "how fast", "how tall",
                  "how often", "how deep", "how high", "how wide", "how heavy", "how big",
                  "how large", "how thick"}))
    return true;
  const bool calculates = says(text, {"calculate", "compute", "in total", "what percent"});
  if (has_clock(text) && says(text, {"time", "when"}) && !calculates) return false;
  // Prose, in which a number is only mentioned, or what is none that votes compare.
  if (says(text, {"essay",    "explain",   "describe",  "summarize",  "summarise",    "opinion",
                  "plan",     "plans",     "paragraph", "paragraphs", "poem",         "story",
                  "sentence", "sentences", "letter",    "letters",    "name of",      "plot",
                  "write",    "discuss",   "argue",     "style",      "causes",       "translate",
                  "advice",   "recommend", "why",       "create",     "as a fraction"}))
    return false;
  if (calculates) return true;
  const bool words = std::any_of(text.begin(), text.end(), [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
  });
  const bool asks =
      says(text, {"what", "find the", "determine", "evaluate", "solve", "give me", "tell me"});
  if (digits && has_expression(text) && (asks || !words)) return true;
  return asks &&
         says(text,
              {"total",      "combined", "average",  "number of", "amount",      "sum",
               "difference", "speed",    "distance", "mass",      "weight",      "length",
               "height",     "width",    "area",     "volume",    "price",       "cost",
               "year",       "age",      "size",     "profit",    "fraction",    "ratio",
               "percentage", "percent",  "product",  "quotient",  "remainder",   "perimeter",
               "score",      "salary",   "income",   "value",     "probability", "increase",
               "decrease",   "change",   "median",   "mean",      "square",      "root",
               "greatest",   "largest",  "smallest", "capacity",  "allowance",   "bill",
               "time",       "times",    "interest", "balance",   "temperature", "depth",
               "angle",      "radius",   "diameter", "count",     "pay",         "earnings",
               "revenue",    "tax",      "discount", "fee",       "money",       "budget",
               "loss",       "worth",    "ages",     "prices",    "costs",       "percentages",
               "minimum",    "maximum"});
}

// Digits, thousands, one point; `at` is moved behind them. "1,250.50" is "1250.5".
std::optional<std::string> take_number(std::string_view text, size_t& at) {
  std::string digits;
  if (at > 0 && text[at - 1] == '-' && (at < 2 || !is_word(text[at - 2]))) digits = "-";
  for (; at < text.size(); ++at) {
    const bool more = at + 1 < text.size() && is_digit(text[at + 1]);
    if (text[at] == ',' && more) continue;
    if (!is_digit(text[at]) && !(text[at] == '.' && more && digits.find('.') == std::string::npos))
      break;
    digits += text[at];
  }
  const double value = std::strtod(digits.c_str(), nullptr);
  if (!std::isfinite(value)) return std::nullopt;
  const double whole = std::round(value);
  if (std::fabs(value - whole) < 1e-6 && std::fabs(whole) < 1e15)
    return fmt::format("{:.0f}", whole == 0 ? 0.0 : whole);
  return fmt::format("{:.6g}", value);
}

std::optional<std::string> number_after(std::string_view text, size_t begin, size_t end) {
  for (size_t at = begin; at < end; ++at)
    if (is_digit(text[at])) return take_number(text, at);
  return std::nullopt;
}

std::optional<std::string> last_number(std::string_view text) {
  std::optional<std::string> last;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at])) continue;
    if (at > 0 && (is_word(text[at - 1]) && !is_digit(text[at - 1]))) {  // x2 is a name
      while (at < text.size() && is_word(text[at])) ++at;
      continue;
    }
    last = take_number(text, at);
  }
  return last;
}

std::optional<std::string> letter_after(std::string_view text, size_t begin) {
  for (size_t at = begin; at < text.size() && text[at] != '\n'; ++at) {
    const bool alone =
        (at == 0 || !is_word(text[at - 1])) && (at + 1 == text.size() || !is_word(text[at + 1]));
    if (alone && text[at] >= 'A' && text[at] <= 'J') return std::string(1, text[at]);
  }
  return std::nullopt;
}

// Behind the last "answer" that a colon or "is" follows; the text's size where there is none.
size_t behind_answer(std::string_view text) {
  const std::string small = lower(text);
  for (size_t at = small.rfind("answer"); at != std::string::npos && at != 0 - size_t{1};
       at = at == 0 ? std::string::npos : small.rfind("answer", at - 1)) {
    size_t end = at + 6;
    while (end < small.size() && std::string_view(" *_").find(small[end]) != std::string_view::npos)
      ++end;
    if (end < small.size() && small[end] == ':') return end + 1;
    if (small.compare(end, 3, "is ") == 0 || small.compare(end, 3, "is:") == 0) return end + 2;
  }
  return text.size();
}

}  // namespace

std::string_view to_string(QuestionKind kind) {
  constexpr std::string_view names[] = {"number", "choice", "code", "open"};
  return names[static_cast<size_t>(kind)];
}

std::string_view last_question(std::span<const chat::Message> messages) {
  for (size_t i = messages.size(); i-- > 0;)
    if (messages[i].role == "user") return messages[i].content;
  return {};
}

QuestionKind kind_of(std::span<const chat::Message> messages) {
  const std::string_view question = last_question(messages);
  const std::string text = lower(question);
  if (lists_letters(question)) return QuestionKind::choice;
  if (asks_for_code(text)) return QuestionKind::code;
  if (asks_for_number(text)) return QuestionKind::number;
  return QuestionKind::open;
}

std::optional<std::string> number_in(std::string_view text) { return last_number(text); }

std::optional<std::string> result_of(QuestionKind kind, std::string_view text) {
  const size_t behind = behind_answer(text);
  if (kind == QuestionKind::number) {
    size_t end = text.find('\n', behind);
    if (end == std::string_view::npos) end = text.size();
    // "Answer: 3 * 4 = 12" says 12.
    const size_t equals = text.substr(0, end).rfind('=');
    const size_t from = equals != std::string_view::npos && equals > behind ? equals : behind;
    if (auto number = number_after(text, std::min(from, text.size()), end)) return number;
    return last_number(text);
  }
  if (kind == QuestionKind::choice) {
    if (auto letter = letter_after(text, behind)) return letter;
    std::optional<std::string> last;
    for (size_t begin = 0; begin < text.size();) {
      if (auto letter = letter_after(text, begin)) last = letter;
      const size_t end = text.find('\n', begin);
      if (end == std::string_view::npos) break;
      begin = end + 1;
    }
    return last;
  }
  return std::nullopt;
}

std::vector<std::string> code_blocks(std::string_view text) {
  constexpr std::string_view fence = "```";
  std::vector<std::string> blocks;
  for (size_t at = text.find(fence); at != std::string_view::npos; at = text.find(fence, at)) {
    size_t begin = text.find('\n', at);
    if (begin == std::string_view::npos) break;
    ++begin;
    const size_t end = std::min(text.find("```", begin), text.size());
    blocks.emplace_back(text.substr(begin, end - begin));
    at = std::min(end + fence.size(), text.size());
  }
  return blocks;
}

}  // namespace helicon::agents
