// What kind of answer a question calls for: that decides how agents go about it, and whether their
// results can be compared.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"

namespace helicon::agents {

enum class QuestionKind {
  number,  // results are numbers: compared, recalculated
  choice,  // one of the letters that the question lists
  code,    // a program or function: run
  open,    // anything else: an essay, a plan, a page
};

std::string_view to_string(QuestionKind kind);

// By rules on the last user message; a wrong guess costs quality, never the answer.
QuestionKind kind_of(std::span<const chat::Message> messages);

// The text of the last user message; empty if there is none.
std::string_view last_question(std::span<const chat::Message> messages);

// A result as votes compare it: of numbers "42" for "$42.00", "1250" for "1,250 apples"; of choices
// the letter. Looks for what follows the last "Answer:", then for the last of its kind. Nothing
// where there is none, and for the kinds that cannot be compared.
std::optional<std::string> result_of(QuestionKind kind, std::string_view text);

// The number that a program has printed last, in the same form.
std::optional<std::string> number_in(std::string_view text);

// The fenced blocks of a Markdown text, or of one that ended within a block; without any, nothing.
std::vector<std::string> code_blocks(std::string_view text);

}  // namespace helicon::agents
