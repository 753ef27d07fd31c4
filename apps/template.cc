// helicon template
#include <CLI/CLI.hpp>

#include "output.h"
#include "verbs.h"

namespace helicon::apps {

void add_template(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("template", "(not in this build)");
  verb->allow_extras();
  verb->callback([&exit_code] {
    exit_code = fail({ErrorCode::unsupported, "template: not in this build", {}});
  });
}

}  // namespace helicon::apps
