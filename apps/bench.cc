// helicon bench: the engine's speed on random prompts, without tokenizer or server.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cache_type.h"
#include "kernels/kernel_table.h"
#include "model_argument.h"
#include "models/open.h"
#include "output.h"
#include "runtime/sampler.h"
#include "verbs.h"

namespace helicon::apps {
namespace {

struct Options {
  std::string model;
  int prompt = 512;
  int generate = 128;
  int agents = 1;
  int depth = 0;
  int threads = 0;
  kernels::KeyValueType cache_type = kernels::KeyValueType::f16;
  uint64_t seed = 0;
  bool json = false;
};

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The largest memory this process has had, in bytes.
uint64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

class Bench {
 public:
  Bench(models::OpenModel model, uint64_t seed)
      : model_(std::move(model)), random_(seed), prompt_(*model_.pages) {}

  std::vector<int32_t> random_tokens(int count) {
    std::uniform_int_distribution<int32_t> token(
        0, static_cast<int32_t>(model_.decoder->vocabulary()) - 1);
    std::vector<int32_t> tokens(static_cast<size_t>(count));
    for (int32_t& value : tokens) value = token(random_);
    return tokens;
  }

  // Runs the tokens as a prompt; logits for the last one only.
  Status prefill(const std::vector<int32_t>& tokens) {
    if (!prompt_.reserve(static_cast<int>(tokens.size()))) return full();
    for (size_t start = 0; start < tokens.size(); start += models::kMaxRows) {
      const size_t count = std::min(models::kMaxRows, tokens.size() - start);
      const models::Run run{&prompt_, std::span(tokens).subspan(start, count), prompt_.length(),
                            start + count == tokens.size() ? 1u : 0u};
      model_.decoder->forward({&run, 1}, *model_.pages);
      prompt_.advance(static_cast<int>(count));
    }
    return ok_status();
  }

  // `agents` forks of the prompt write `count` tokens each at temperature 1, one pass a token.
  Status write(int agents, int count, uint64_t seed) {
    std::vector<cache::Sequence> sequences;
    std::vector<runtime::Sampler> samplers;
    std::vector<int32_t> next = random_tokens(agents);
    runtime::SamplingParameters sampling;
    sampling.seed = seed;
    for (int agent = 0; agent < agents; ++agent) {
      sequences.push_back(prompt_.fork());
      samplers.emplace_back(sampling, agent, std::span<const int32_t>());
    }
    std::vector<models::Run> runs(sequences.size());
    for (int step = 0; step < count; ++step) {
      for (size_t i = 0; i < runs.size(); ++i) {
        if (!sequences[i].reserve(1)) return full();
        runs[i] = {&sequences[i], {&next[i], 1}, sequences[i].length(), 1};
      }
      const std::span<const float> logits = model_.decoder->forward(runs, *model_.pages);
      const size_t vocabulary = model_.decoder->vocabulary();
      for (size_t i = 0; i < runs.size(); ++i) {
        sequences[i].advance(1);
        next[i] =
            samplers[i].sample(logits.subspan(i * vocabulary, vocabulary), sequences[i].length());
      }
    }
    return ok_status();
  }

  const models::OpenModel& model() const { return model_; }

 private:
  static Error full() {
    return {ErrorCode::out_of_memory, "not enough memory for keys and values", {}};
  }

  models::OpenModel model_;
  std::mt19937 random_;
  cache::Sequence prompt_;
};

Result<boost::json::object> measure(const Options& options) {
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const ModelArgument argument, find_model(*catalog, options.model));
  HELICON_ASSIGN(const kernels::KernelTable* kernels, kernels::choose_kernels());
  models::OpenOptions open;
  open.threads = options.threads;
  open.cache_type = options.cache_type;
  open.context_length = static_cast<size_t>(options.depth + options.prompt + options.generate + 1);
  const Stopwatch loading;
  HELICON_ASSIGN(models::OpenModel model, models::open_model(argument.path, open));
  const double load_seconds = loading.seconds();
  Bench bench(std::move(model), options.seed);
  if (options.depth > 0) HELICON_TRY(bench.prefill(bench.random_tokens(options.depth)));
  const Stopwatch prefilling;
  HELICON_TRY(bench.prefill(bench.random_tokens(options.prompt)));
  const double prefill_seconds = prefilling.seconds();
  const Stopwatch writing;
  HELICON_TRY(bench.write(options.agents, options.generate, options.seed));
  const double write_seconds = writing.seconds();
  boost::json::object row;
  row["model"] = argument.name;
  row["kernels"] = kernels->name;
  row["threads"] = bench.model().threads->size();
  row["depth_tokens"] = options.depth;
  row["prompt_tokens"] = options.prompt;
  row["generated_tokens"] = options.generate;
  row["agents"] = options.agents;
  row["load_seconds"] = load_seconds;
  row["prefill_tokens_per_second"] = options.prompt / prefill_seconds;
  if (options.agents == 1) row["decode_tokens_per_second"] = options.generate / write_seconds;
  row["agents_tokens_per_second"] = options.agents * options.generate / write_seconds;
  row["step_seconds"] = write_seconds / options.generate;
  row["peak_bytes"] = peak_bytes();
  return row;
}

Status run_bench(const Options& options) {
  HELICON_ASSIGN(const boost::json::object row, measure(options));
  if (options.json) return print(boost::json::serialize(row) + "\n");
  std::string text;
  for (const auto& [key, value] : row) {
    std::string shown = value.is_double()   ? fmt::format("{:.3f}", value.as_double())
                        : value.is_string() ? std::string(value.as_string())
                                            : boost::json::serialize(value);
    text += fmt::format("{:28} {}\n", key, shown);
  }
  return print(text);
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
  CLI::App* verb = app.add_subcommand("bench", "Measure the engine's speed on random prompts");
  const auto options = std::make_shared<Options>();
  verb->add_option("model", options->model, model_help)->required();
  verb->add_option("--prompt", options->prompt, "tokens of the prompt")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  verb->add_option("--generate", options->generate, "tokens each agent writes")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  verb->add_option("--agents", options->agents, "agents that write at once, from one prompt")
      ->check(CLI::Range(1, static_cast<int>(models::kMaxRows)))
      ->capture_default_str();
  verb->add_option("--depth", options->depth, "tokens that stand before the prompt, not timed")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  verb->add_option("--threads", options->threads, "0: as many as are worth having")
      ->check(CLI::Range(0, 1024));
  add_cache_type(*verb, options->cache_type);
  verb->add_option("--seed", options->seed, "of prompts and sampling")->capture_default_str();
  verb->add_flag("--json", options->json, "one line of JSON");
  verb->callback([options, &exit_code] { exit_code = exit_code_of(run_bench(*options)); });
}

}  // namespace helicon::apps
