// helicon rm
#include <CLI/CLI.hpp>

#include "output.h"
#include "verbs.h"

namespace helicon::apps {

void add_rm(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("rm", "(not in this build)");
  verb->allow_extras();
  verb->callback([&exit_code] {
    exit_code = fail({ErrorCode::unsupported, "rm: not in this build", {}});
  });
}

}  // namespace helicon::apps
