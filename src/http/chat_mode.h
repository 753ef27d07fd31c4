// The three ways in which a chat completion asks for a mode: `reasoning_effort`, a suffix of the
// model's name, and the field `mode`.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "agents/mode.h"
#include "base/result.h"

namespace helicon::http {

// What a request has said of it so far.
struct ModeWish {
  std::optional<agents::Mode> field;
  std::optional<std::string> effort;
  agents::ModeOptions options;  // agents, rounds, budget_tokens of the field
};

// "thinking", or {"name": "contemplating", "agents": 8, "rounds": 2, "budget_tokens": 1024}.
Status read_mode(const boost::json::value& value, std::string_view name, ModeWish& wish);
Status read_effort(const boost::json::value& value, std::string_view name, ModeWish& wish);

// Takes ":instant", ":thinking" or ":contemplating" off the model's name and settles what all three
// ways say together. Errors: invalid_argument where they contradict each other.
Result<agents::ModeOptions> settle_mode(std::string& model, const ModeWish& wish);

}  // namespace helicon::http
