// Runs one program to its end and keeps what it says on standard error.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace helicon::catalog {

struct CommandResult {
  int exit_code = 0;         // 128 + the signal's number where one ended it
  std::string error_output;  // its last 64 KiB
};

// Runs arguments[0], looked for in PATH, in `folder`, with `environment` ("NAME=value") added to
// ours, nothing on standard input and its standard output thrown away. `wait` is called about ten
// times a second meanwhile. On `stop` the program is asked to end, and killed after two seconds.
// Errors: not_found (no such program), io, cancelled.
Result<CommandResult> run_command(const std::vector<std::string>& arguments,
                                  const std::filesystem::path& folder,
                                  const std::vector<std::string>& environment,
                                  const std::function<void()>& wait, std::stop_token stop);

}  // namespace helicon::catalog
