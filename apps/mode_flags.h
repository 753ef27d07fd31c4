// Options of the command line that not every mode has.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "agents/mode.h"

namespace helicon::apps {

// Takes ":thinking" off the model's name as the API does, and settles it with --mode. Throws
// CLI::ValidationError where that says otherwise.
void take_mode_suffix(const CLI::App& verb, std::string& model, agents::Mode& mode);

// Who asks for agents does not want to be answered by none. Throws CLI::ValidationError where an
// option was given that `mode` does not have.
void check_mode_flags(const CLI::App& verb, agents::Mode mode);

}  // namespace helicon::apps
