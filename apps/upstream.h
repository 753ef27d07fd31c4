// --upstream: a server elsewhere, whose models are offered beside those of this machine.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "backends/remote_server.h"

namespace helicon::apps {

void add_upstream(CLI::App& verb, std::string& address);

// Null where no address is given. The key is that of the environment, HELICON_UPSTREAM_KEY. Error:
// invalid_argument for an address that is none.
Result<std::shared_ptr<backends::RemoteServer>> open_upstream(const std::string& address);

}  // namespace helicon::apps
