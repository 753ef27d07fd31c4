// helicon show
#include <CLI/CLI.hpp>

#include "output.h"
#include "verbs.h"

namespace helicon::apps {

void add_show(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("show", "(not in this build)");
  verb->allow_extras();
  verb->callback([&exit_code] {
    exit_code = fail({ErrorCode::unsupported, "show: not in this build", {}});
  });
}

}  // namespace helicon::apps
