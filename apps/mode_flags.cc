#include "mode_flags.h"

#include <fmt/format.h>

namespace helicon::apps {
namespace {

using agents::Mode;

// The first mode that has it; those behind it have it, too.
struct Flag {
  const char* name;
  Mode least;
};
constexpr Flag kFlags[] = {{"--effort", Mode::thinking},
                           {"--budget", Mode::thinking},
                           {"--agents", Mode::contemplating},
                           {"--rounds", Mode::contemplating}};

}  // namespace

void take_mode_suffix(const CLI::App& verb, std::string& model, Mode& mode) {
  const std::optional<Mode> suffix = agents::take_mode_suffix(model);
  if (!suffix) return;
  if (verb.get_option("--mode")->count() > 0 && mode != *suffix)
    throw CLI::ValidationError(fmt::format("--mode: {} contradicts the model's suffix \":{}\"",
                                           to_string(mode), to_string(*suffix)));
  mode = *suffix;
}

void check_mode_flags(const CLI::App& verb, Mode mode) {
  for (const Flag& flag : kFlags)
    if (mode < flag.least && verb.get_option(flag.name)->count() > 0)
      throw CLI::ValidationError(fmt::format("{}: is nothing that {} has; --mode {} has it",
                                             flag.name, to_string(mode), to_string(flag.least)));
}

}  // namespace helicon::apps
