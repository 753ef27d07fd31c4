// helicon pull
#include <CLI/CLI.hpp>

#include "output.h"
#include "verbs.h"

namespace helicon::apps {

void add_pull(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("pull", "(not in this build)");
  verb->allow_extras();
  verb->callback([&exit_code] {
    exit_code = fail({ErrorCode::unsupported, "pull: not in this build", {}});
  });
}

}  // namespace helicon::apps
