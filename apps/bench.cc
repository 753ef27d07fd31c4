// helicon bench: the engine's speed on random prompts, through the same door as a server's.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/processors.h"
#include "cache_type.h"
#include "engine_bench.h"
#include "kernels/kernel_table.h"
#include "machine_speed.h"
#include "model_argument.h"
#include "output.h"
#include "packed_folder.h"
#include "speculation_options.h"
#include "verbs.h"

namespace helicon::apps {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;

const Clock::time_point program_start = Clock::now();

struct Options {
  std::string model;
  int prompt = 512;
  std::vector<int> generate = {128};  // for each of `agents`; the last holds for the rest
  std::vector<int> agents = {1};
  int depth = 0;
  int threads = 0;
  kernels::KeyValueType cache_type = kernels::KeyValueType::f16;
  SpeculationArguments speculation{.mode = "off"};  // random prompts give no clue
  uint64_t seed = 0;
  std::optional<double> since;
  bool machine = false;
  bool json = false;
};

constexpr int kShortPrompt = 16;

// A figure of /proc/self/status, given there in kB; 0 where there is none.
uint64_t status_bytes(std::string_view key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    uint64_t kilobytes = 0;
    if (word == key && status >> kilobytes) return kilobytes * 1024;
    status.ignore(1 << 10, '\n');
  }
  return 0;
}

// From now on VmHWM is the peak of what comes (man 5 proc, clear_refs).
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

struct Machine {
  double bandwidth = 0;      // bytes a second
  double multiply_adds = 0;  // a second
};

Machine measure_machine(const Options& options, std::string_view kernels,
                        boost::json::object& row) {
  ThreadPool threads(options.threads > 0 ? options.threads : usable_processors());
  const Machine machine{memory_bandwidth(threads), multiply_adds_per_second(kernels, threads)};
  row["memory_bytes_per_second"] = machine.bandwidth;
  row["multiply_adds_per_second"] = machine.multiply_adds;
  return machine;
}

void describe_steps(const Timing& timing, const Options& options, int agents, int generate,
                    const Machine& machine, const EngineBench& bench, boost::json::object& row) {
  row["agents"] = agents;
  row["generated_tokens"] = generate;
  row["cached_tokens"] = timing.cached_tokens;
  row["first_token_seconds"] = timing.first_token;
  if (timing.steps.empty()) return;
  const auto steps = static_cast<double>(timing.steps.size());
  row["agents_tokens_per_second"] = agents * steps / timing.steps_seconds;
  if (agents == 1) row["decode_tokens_per_second"] = steps / timing.steps_seconds;
  row["step_seconds"] = timing.steps_seconds / steps;
  row["median_step_seconds"] = timing.median_step;
  const int shared = options.depth + options.prompt;
  const double bytes = bench.bytes_read(agents, shared, shared + generate / 2);
  row["bytes_read_per_step"] = static_cast<uint64_t>(bytes);
  if (machine.bandwidth > 0)
    row["step_share_of_bandwidth"] = bytes / timing.median_step / machine.bandwidth;
  if (machine.multiply_adds > 0)
    row["step_share_of_arithmetic"] =
        bench.multiply_adds(agents, agents) / timing.median_step / machine.multiply_adds;
}

// A prompt of fresh tokens, `depth` of them asked before so that they are there. Further numbers of
// agents answer the same prompt, one number after the other.
Status measure_row(const Options& options, const Machine& machine, EngineBench& bench,
                   boost::json::object& row) {
  std::vector<int32_t> prompt = bench.random_tokens(options.depth);
  row["depth_tokens"] = options.depth;
  row["prompt_tokens"] = options.prompt;
  if (options.depth > 0) {
    HELICON_ASSIGN(const Timing first, bench.ask(prompt, 1, 1));
    row["depth_prefill_tokens_per_second"] = options.depth / first.first_token;
  }
  const std::vector<int32_t> fresh = bench.random_tokens(options.prompt);
  prompt.insert(prompt.end(), fresh.begin(), fresh.end());
  boost::json::array further;
  for (size_t i = 0; i < options.agents.size(); ++i) {
    const int agents = options.agents[i];
    const int generate = options.generate[std::min(i, options.generate.size() - 1)];
    HELICON_ASSIGN(const Timing timing, bench.ask(prompt, agents, generate));
    if (i > 0) {
      describe_steps(timing, options, agents, generate, machine, bench,
                     further.emplace_back(boost::json::object()).as_object());
      continue;
    }
    if (options.depth > 0) row["first_token_after_cached_prefix_seconds"] = timing.first_token;
    row["prefill_tokens_per_second"] = options.prompt / timing.first_token;
    if (machine.multiply_adds > 0 && options.depth == 0)
      row["prefill_share_of_arithmetic"] =
          bench.multiply_adds(options.prompt, 1) / timing.first_token / machine.multiply_adds;
    describe_steps(timing, options, agents, generate, machine, bench, row);
    row["peak_bytes"] = status_bytes("VmHWM:");
    row["file_bytes"] = status_bytes("RssFile:");
  }
  if (!further.empty()) row["further"] = std::move(further);
  return ok_status();
}

Result<boost::json::object> measure(const Options& options) {
  HELICON_ASSIGN(const kernels::KernelTable* kernels, kernels::choose_kernels());
  boost::json::object row;
  row["kernels"] = kernels->name;
  if (options.model.empty()) {
    measure_machine(options, kernels->name, row);
    return row;
  }
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const ModelArgument argument, find_model(*catalog, options.model));
  row["model"] = argument.name;
  backends::LocalModelOptions open;
  HELICON_TRY(apply(options.speculation, *catalog, open));
  HELICON_ASSIGN(open.packed_folder, packed_folder());
  open.threads = options.threads;
  open.cache_type = options.cache_type;
  const int longest = *std::max_element(options.generate.begin(), options.generate.end());
  open.context_length = std::max(options.depth + options.prompt + longest, kShortPrompt + 1) + 1;
  // Memory for keys and values is counted in contexts: many agents need more than one has.
  const int most = *std::max_element(options.agents.begin(), options.agents.end());
  if (most > 8) open.context_length += (longest + 32) * (most / 8);
  HELICON_ASSIGN(const auto bench, EngineBench::open(argument.path, open, options.seed));
  HELICON_TRY(bench->ask(bench->random_tokens(kShortPrompt), 1, 1));
  const double now = duration<double>(Clock::now().time_since_epoch()).count();
  const double start = duration<double>(program_start.time_since_epoch()).count();
  row["threads"] = bench->threads();
  row["weights"] = bench->kept_packed() ? "packed by an earlier start" : "packed now";
  row["load_seconds"] = now - options.since.value_or(start);
  row["load_peak_bytes"] = status_bytes("VmHWM:");
  Machine machine;
  if (options.machine) machine = measure_machine(options, kernels->name, row);
  reset_peak();
  HELICON_TRY(measure_row(options, machine, *bench, row));
  return row;
}

// One figure a line; the figures of further numbers of agents below their own heading.
std::string table(const boost::json::object& row) {
  std::string text;
  for (const auto& [key, value] : row) {
    if (value.is_array()) {
      for (const boost::json::value& further : value.as_array())
        text += "\n" + table(further.as_object());
      continue;
    }
    const std::string shown = value.is_double()   ? fmt::format("{:.6g}", value.as_double())
                              : value.is_string() ? std::string(value.as_string())
                                                  : boost::json::serialize(value);
    text += fmt::format("{:40} {}\n", key, shown);
  }
  return text;
}

Status run_bench(const Options& options) {
  HELICON_ASSIGN(const boost::json::object row, measure(options));
  return print(options.json ? boost::json::serialize(row) + "\n" : table(row));
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("bench", "Measure the engine's speed on random prompts");
  const auto options = std::make_shared<Options>();
  CLI::Option* model = verb->add_option("model", options->model, model_help);
  verb->add_option("--prompt", options->prompt, "tokens of the prompt")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  verb->add_option("--generate", options->generate,
                   "tokens each agent writes; several numbers: for each of --agents")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  verb->add_option(
          "--agents", options->agents,
          "agents that write at once, from one prompt; several numbers: one after the other")
      ->check(CLI::Range(1, static_cast<int>(models::kMaxRows)))
      ->capture_default_str();
  verb->add_option("--depth", options->depth,
                   "tokens that stand before the prompt, asked for once before, so that their "
                   "pages are there")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  verb->add_option("--threads", options->threads, "0: as many as are worth having")
      ->check(CLI::Range(0, 1024));
  add_cache_type(*verb, options->cache_type);
  add_speculation(*verb, options->speculation);
  verb->add_option("--seed", options->seed, "of prompts and sampling")->capture_default_str();
  verb->add_option(
      "--since", options->since,
      "reading of the monotonic clock, in seconds, that load_seconds counts from; else "
      "the program's start");
  CLI::Option* machine = verb->add_flag(
      "--machine", options->machine,
      "measure memory and arithmetic too, and what share of them is used; without a model: only "
      "those");
  verb->add_flag("--json", options->json, "one line of JSON");
  verb->callback([options, model, machine, &exit_code] {
    if (model->empty() && machine->empty()) throw CLI::RequiredError("model");
    exit_code = exit_code_of(run_bench(*options));
  });
}

}  // namespace helicon::apps
