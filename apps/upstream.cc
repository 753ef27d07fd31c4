#include "upstream.h"

#include <utility>

#include "base/paths.h"

namespace helicon::apps {

void add_upstream(CLI::App& verb, std::string& address) {
  verb.add_option(
      "--upstream", address,
      "http://HOST:PORT of a server that speaks OpenAI's protocol: its models are here, "
      "too. Its key is taken from HELICON_UPSTREAM_KEY");
}

Result<std::shared_ptr<backends::RemoteServer>> open_upstream(const std::string& address) {
  if (address.empty()) return std::shared_ptr<backends::RemoteServer>();
  backends::RemoteOptions options;
  options.address = address;
  options.key = environment_variable("HELICON_UPSTREAM_KEY").value_or("");
  return backends::RemoteServer::create(std::move(options));
}

}  // namespace helicon::apps
