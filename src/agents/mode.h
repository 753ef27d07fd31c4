// The ways to ask a model: at once, after reasoning, or by several agents at work on one question.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace helicon::agents {

enum class Mode {
  instant,        // the model answers as it is
  thinking,       // it reasons first, and then answers
  contemplating,  // agents solve the question side by side, read each other, and one answer is made
};

std::string_view to_string(Mode mode);
// Nothing but the names that to_string gives. Error: invalid_argument, with all of them.
Result<Mode> parse_mode(std::string_view name);
// Takes ":thinking" off a model's name; nothing where it does not end in a mode.
std::optional<Mode> take_mode_suffix(std::string& model);

inline constexpr int kLeastBudget = 16;  // tokens

// Counts what Contemplating's agents are told and how they decide: figures of one method are not
// those of another.
inline constexpr int kContemplatingMethod = 2;

struct ModeOptions {
  Mode mode = Mode::instant;
  int agents = 8;         // of Contemplating, as the next one
  int rounds = 2;         // the first, and those with a digest of the one before
  int budget_tokens = 0;  // for the reasoning, and for each agent; 0: that of the effort
  std::string effort;     // "low"; empty: of Thinking "medium"
};

// A number among the options, its range, and the first mode that has it: those behind have it, too.
struct ModeNumber {
  std::string_view name;  // "agents"
  Mode from;
  int least, most;
  int ModeOptions::*value;
};
std::span<const ModeNumber> mode_numbers();

// A level of reasoning_effort. "none" is Instant, the others are Thinking.
struct Effort {
  std::string_view name;
  int budget_tokens;  // 0: no reasoning
};
std::span<const Effort> efforts();
// Error: invalid_argument, with all of them.
Result<Effort> find_effort(std::string_view name);

// Tokens that the reasoning may have.
int budget_of(const ModeOptions& options);

// Errors: invalid_argument, with the field ("mode.agents") as parameter.
Status check(const ModeOptions& options);

}  // namespace helicon::agents
