// The verbs of the command line: each function adds one subcommand, whose callback does the work
// and leaves the process's exit code (0, or what fail() gave) in `exit_code`.
#pragma once

namespace CLI {
class App;
}

namespace helicon::apps {

void add_run(CLI::App& app, int& exit_code);
void add_serve(CLI::App& app, int& exit_code);
void add_pull(CLI::App& app, int& exit_code);
void add_ls(CLI::App& app, int& exit_code);
void add_rm(CLI::App& app, int& exit_code);
void add_show(CLI::App& app, int& exit_code);
void add_quantize(CLI::App& app, int& exit_code);
void add_tokenize(CLI::App& app, int& exit_code);
void add_template(CLI::App& app, int& exit_code);
void add_logits(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_eval(CLI::App& app, int& exit_code);

}  // namespace helicon::apps
