// helicon ls
#include <CLI/CLI.hpp>

#include "output.h"
#include "verbs.h"

namespace helicon::apps {

void add_ls(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("ls", "(not in this build)");
  verb->allow_extras();
  verb->callback([&exit_code] {
    exit_code = fail({ErrorCode::unsupported, "ls: not in this build", {}});
  });
}

}  // namespace helicon::apps
