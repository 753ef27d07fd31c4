#include "agents/mode.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace helicon::agents {
namespace {

constexpr std::string_view kModes[] = {"instant", "thinking", "contemplating"};

// Twice as much each time; a page of text has about 500 tokens.
constexpr Effort kEfforts[] = {{"none", 0},      {"minimal", 256}, {"low", 512},
                               {"medium", 1024}, {"high", 2048},   {"xhigh", 4096}};

constexpr ModeNumber kNumbers[] = {
    {"agents", Mode::contemplating, 2, 32, &ModeOptions::agents},
    {"rounds", Mode::contemplating, 1, 8, &ModeOptions::rounds},
    {"budget_tokens", Mode::thinking, kLeastBudget, 1 << 20, &ModeOptions::budget_tokens}};

}  // namespace

std::string_view to_string(Mode mode) { return kModes[static_cast<size_t>(mode)]; }

Result<Mode> parse_mode(std::string_view name) {
  const auto* found = std::find(std::begin(kModes), std::end(kModes), name);
  if (found == std::end(kModes))
    return Error{ErrorCode::invalid_argument,
                 fmt::format("mode: must be one of {}", fmt::join(kModes, ", ")), "mode"};
  return static_cast<Mode>(found - std::begin(kModes));
}

std::optional<Mode> take_mode_suffix(std::string& model) {
  const size_t colon = model.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const auto mode = parse_mode(std::string_view(model).substr(colon + 1));
  if (!mode.ok()) return std::nullopt;
  model.erase(colon);
  return *mode;
}

std::span<const ModeNumber> mode_numbers() { return kNumbers; }

std::span<const Effort> efforts() { return kEfforts; }

Result<Effort> find_effort(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Effort& effort : kEfforts) {
    if (effort.name == name) return effort;
    names.push_back(effort.name);
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("reasoning_effort: must be one of {}", fmt::join(names, ", ")),
               "reasoning_effort"};
}

int budget_of(const ModeOptions& options) {
  if (options.budget_tokens > 0) return options.budget_tokens;
  const auto effort = find_effort(options.effort.empty() ? "medium" : options.effort);
  return effort.ok() ? effort->budget_tokens : 0;
}

Status check(const ModeOptions& options) {
  const ModeOptions defaults;
  for (const ModeNumber& number : kNumbers) {
    const int value = options.*number.value;
    if (value == defaults.*number.value || (value >= number.least && value <= number.most))
      continue;
    const std::string field = fmt::format("mode.{}", number.name);
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{}: must be between {} and {}, not {}", field, number.least,
                             number.most, value),
                 field};
  }
  return ok_status();
}

}  // namespace helicon::agents
