// helicon eval: how many problems of a published set a model solves, in each mode.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "backends/local_model.h"
#include "base/mapped_file.h"
#include "base/sha256.h"
#include "base/suggest.h"
#include "evaluation.h"
#include "mode_flags.h"
#include "model_argument.h"
#include "output.h"
#include "packed_folder.h"
#include "settings.h"
#include "upstream.h"
#include "verbs.h"

namespace helicon::apps {
namespace {

struct Options : EvalOptions {
  std::vector<std::filesystem::path> compared;
  bool json = false;
};

// What the results depend on, and nothing else: the first line of their file. `data` is the sum of
// the problems' file.
boost::json::object head_of(const Options& options, const EvalTask& task, const std::string& data) {
  boost::json::object head{{"version", task.version},
                           {"task", options.task},
                           {"data", data},
                           {"model", options.model},
                           {"mode", options.mode},
                           {"seed", options.seed},
                           {"temperature", std::round(options.temperature * 1e6) / 1e6},
                           {"max_tokens", options.max_tokens}};
  if (options.mode == "contemplating") {
    head["method"] = agents::kContemplatingMethod;
    head["agents"] = options.mode_options.agents;
    head["rounds"] = options.mode_options.rounds;
  }
  if (options.samples > 0) head["samples"] = options.samples;
  if (!options.effort.empty()) head["effort"] = options.effort;
  if (options.mode_options.budget_tokens > 0) head["budget"] = options.mode_options.budget_tokens;
  if (!options.upstream.empty()) head["upstream"] = options.upstream;
  return head;
}

Result<std::string> sum_of(const std::filesystem::path& path) {
  HELICON_ASSIGN(const auto file, MappedFile::open(path));
  Sha256 sum;
  sum.add(file->bytes());
  return sum.finish();
}

Result<std::shared_ptr<backends::ChatModel>> open_model_of(Options& options) {
  HELICON_ASSIGN(const auto upstream, open_upstream(options.upstream));
  if (upstream) return upstream->model(options.model);
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const ModelArgument model, find_model(*catalog, options.model));
  options.model = model.name;
  backends::LocalModelOptions load;
  load.threads = options.threads;
  HELICON_ASSIGN(load.packed_folder, packed_folder());
  return backends::load_local_model(model.name, model.path, load);
}

Status compare_files(const Options& options) {
  HELICON_ASSIGN(const auto first, EvalResults::read(options.compared[0]));
  HELICON_ASSIGN(const auto second, EvalResults::read(options.compared[1]));
  HELICON_ASSIGN(const boost::json::object comparison, compare(*first, *second));
  if (options.json) return print(boost::json::serialize(comparison) + "\n");
  return print(comparison_table(comparison));
}

Status evaluate(Options options) {
  if (!options.compared.empty()) return compare_files(options);
  const EvalTask* task = find_task(options.task);
  if (!task && std::filesystem::is_regular_file(options.task)) {
    options.data = options.task;
    options.task = "file";
    task = find_task(options.task);
  }
  if (!task)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("no task and no file '{}'{}", options.task,
                             suggestion(options.task, task_names())),
                 "task"};
  if (options.data.empty())
    return Error{ErrorCode::invalid_argument,
                 "--data: the file of problems, one JSON object a line, is to be given", "data"};
  HELICON_ASSIGN(options.mode_options.mode, agents::parse_mode(options.mode));
  if (!options.effort.empty()) {  // as `run` takes it
    Settings settings;
    HELICON_TRY(change_setting(settings, "effort", options.effort));
    options.effort = settings.mode.effort;
  }
  options.mode_options.effort = options.effort;
  HELICON_TRY(agents::check(options.mode_options));
  if (options.samples > 0 && options.mode_options.mode == agents::Mode::contemplating)
    return Error{
        ErrorCode::invalid_argument,
        "--samples: Contemplating draws its agents' answers itself; --agents says how many",
        "samples"};
  HELICON_ASSIGN(const std::string data, sum_of(options.data));
  HELICON_ASSIGN(auto problems, read_problems(*task, options.data, options.first, options.limit));
  auto programs = agents::sandbox_runner();
  const bool needed = task->runs || options.mode_options.mode == agents::Mode::contemplating;
  if (!programs.ok() && needed) return std::move(programs).error();
  HELICON_ASSIGN(auto model, open_model_of(options));
  if (options.results.empty())
    options.results = fmt::format("eval-{}-{}-{}{}.jsonl", options.task, options.model,
                                  options.mode, options.samples > 0 ? "-samples" : "");
  HELICON_ASSIGN(const auto results,
                 EvalResults::open(options.results, head_of(options, *task, data)));
  note(fmt::format("results go to {}", options.results.string()));
  Evaluation evaluation(options, *task, std::move(problems), std::move(model),
                        programs.ok() ? *programs : nullptr, *results);
  HELICON_TRY(evaluation.run());
  const boost::json::object summary = summary_of(*results, &evaluation.ids());
  return print(options.json ? boost::json::serialize(summary) + "\n" : table_of(summary));
}

}  // namespace

void add_eval(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("eval", "Measure how many problems a model solves");
  CLI::Option* task = verb->add_option("TASK", options->task,
                                       "gsm8k, humaneval, mmlu, or a file of lines {\"question\", "
                                       "\"answer\"}");
  verb->add_option("--data", options->data, "the file of the task's problems, JSON lines");
  verb->add_option("--model", options->model, model_help)->capture_default_str();
  verb->add_option("--mode", options->mode, "instant, thinking, contemplating")
      ->capture_default_str();
  verb->add_option("--effort", options->effort, "of thinking: minimal to xhigh");
  verb->add_option("--agents", options->mode_options.agents, "of contemplating")
      ->capture_default_str();
  verb->add_option("--rounds", options->mode_options.rounds, "of contemplating")
      ->capture_default_str();
  verb->add_option("--budget", options->mode_options.budget_tokens, "tokens of reasoning");
  verb->add_option("--first", options->first, "leave out so many problems")->capture_default_str();
  verb->add_option("--limit", options->limit, "so many problems at most")
      ->check(CLI::Range(1, 1'000'000));
  verb->add_option("--seed", options->seed, "of all draws")->capture_default_str();
  verb->add_option("--temperature", options->temperature, "of answers that no agent draws")
      ->check(CLI::Range(0.0, 2.0))
      ->capture_default_str();
  verb->add_option("--max-tokens", options->max_tokens, "of an instant answer")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  verb->add_option("--samples", options->samples,
                   "so many answers a problem, each with a seed of its own; the result of most of "
                   "them counts")
      ->check(CLI::Range(2, 1000));
  verb->add_option("--parallel", options->parallel,
                   "problems at once: quicker as a whole, and each slower")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  verb->add_option("--threads", options->threads, "instead of one for each physical core")
      ->check(CLI::Range(1, 1024));
  verb->add_option(
      "--results", options->results,
      "the file that keeps each problem's result; a run that was stopped goes on from it");
  verb->add_option("--compare", options->compared,
                   "two files of results: paired, with McNemar's test")
      ->expected(2);
  add_upstream(*verb, options->upstream);
  verb->add_flag("--json", options->json, "the summary as one line of JSON");
  verb->callback([options, task, verb, &exit_code] {
    if (task->empty() && options->compared.empty()) throw CLI::RequiredError("TASK");
    if (const auto mode = agents::parse_mode(options->mode); mode.ok())
      check_mode_flags(*verb, *mode);
    exit_code = exit_code_of(evaluate(*options));
  });
}

}  // namespace helicon::apps
