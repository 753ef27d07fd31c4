// The sandbox as what runs agents' programs.
#pragma once

#include <memory>

#include "agents/checker.h"

namespace helicon::agents {

// Error: unsupported, as Sandbox::create() has it.
Result<std::shared_ptr<const ProgramRunner>> sandbox_runner();

}  // namespace helicon::agents
