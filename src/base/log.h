// Sets up the log: spdlog to standard error, as loud as HELICON_LOG says.
#pragma once

#include <string_view>

#include "base/paths.h"
#include "base/result.h"

namespace helicon {

// From here on spdlog's default logger writes to standard error, so that standard output holds
// nothing but answers. The level is HELICON_LOG (trace, debug, info, warning, error or off), or
// `level` where it is not set. Error: invalid_argument for any other word.
Status set_up_log(std::string_view level, const Environment& environment = environment_variable);

}  // namespace helicon
