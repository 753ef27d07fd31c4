#include "chat/event.h"

namespace helicon::chat {

std::string_view to_string(Progress::Kind kind) {
  constexpr std::string_view names[] = {"round",         "agent_started",  "agent_wrote",
                                        "agent_checked", "agent_finished", "agreement",
                                        "aggregating"};
  static_assert(std::size(names) == static_cast<size_t>(Progress::Kind::count));
  return names[static_cast<size_t>(kind)];
}

std::string_view to_string(Progress::Outcome outcome) {
  constexpr std::string_view names[] = {"answered", "no_result", "stopped", "failed"};
  return names[static_cast<size_t>(outcome)];
}

std::string_view to_string(Progress::Check check) {
  constexpr std::string_view names[] = {"none", "passed", "failed"};
  return names[static_cast<size_t>(check)];
}

}  // namespace helicon::chat
