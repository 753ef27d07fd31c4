// Options of the command line that not every mode has.
#pragma once

#include <CLI/CLI.hpp>

#include "agents/mode.h"

namespace helicon::apps {

// Who asks for agents does not want to be answered by none. Throws CLI::ValidationError where an
// option was given that `mode` does not have.
void check_mode_flags(const CLI::App& verb, agents::Mode mode);

}  // namespace helicon::apps
