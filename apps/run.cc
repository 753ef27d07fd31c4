// helicon run: one answer, or a conversation at the terminal.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "agent_lines.h"
#include "agents/sandbox_runner.h"
#include "backends/local_model.h"
#include "cache_type.h"
#include "conversation.h"
#include "input.h"
#include "interactive.h"
#include "media_in.h"
#include "mode_flags.h"
#include "model_argument.h"
#include "output.h"
#include "packed_folder.h"
#include "pull_progress.h"
#include "settings.h"
#include "speculation_options.h"
#include "upstream.h"
#include "verbs.h"

namespace helicon::apps {
namespace {

struct Options {
  std::string model;
  std::vector<std::string> prompt;
  Settings settings;
  std::string system;
  MediaFiles media;
  backends::LocalModelOptions load;
  SpeculationArguments speculation;
  std::string upstream;
  bool json = false;
  bool figures = false;
};

// As find_model(); but someone at a terminal who asks for a model that is not here yet gets it.
Result<ModelArgument> find_or_pull(const catalog::Catalog& catalog, const std::string& name) {
  const catalog::Entry* entry = catalog.find(name);
  auto model = find_model(catalog, name);
  if (model.ok() || model.error().code != ErrorCode::not_found || entry == nullptr ||
      entry->sha256.empty() || !input_is_terminal() || ::isatty(STDERR_FILENO) != 1) {
    return model;
  }
  note(fmt::format("{} is not here yet: fetching {}", name,
                   readable_bytes(static_cast<double>(entry->bytes))));
  HELICON_TRY(pull_with_progress(catalog, name, false));
  return find_model(catalog, name);
}

std::string as_json(const ModelArgument& model, const Answer& answer) {
  using runtime::FinishReason;
  boost::json::object object = {
      {"model", model.name},
      {"answer", answer.text},
      {"finish_reason", answer.finish == FinishReason::length ? "length" : "stop"},
      {"seed", answer.seed},
      {"usage",
       {{"prompt_tokens", answer.usage.prompt_tokens},
        {"completion_tokens", answer.usage.completion_tokens},
        {"reasoning_tokens", answer.usage.reasoning_tokens},
        {"cached_tokens", answer.usage.cached_tokens},
        {"prefill_seconds", answer.usage.prefill_seconds},
        {"decode_seconds", answer.usage.decode_seconds}}}};
  if (!answer.reasoning.empty()) object["reasoning"] = answer.reasoning;
  if (answer.agreement)
    object["agreement"] = {{"agreed", answer.agreement->agreed},
                           {"answered", answer.agreement->answered},
                           {"result", answer.agreement->result}};
  if (!answer.agents.empty()) object["agents"] = agents_json(answer.agents);
  return boost::json::serialize(object) + "\n";
}

Status answer_once(Conversation& conversation, const ModelArgument& model, std::string prompt,
                   const Options& options) {
  const bool for_terminal = output_is_terminal();
  auto answer = conversation.ask(std::move(prompt), [&](std::string_view text) {
    if (options.json) return ok_status();
    return for_terminal ? print(printable(text)) : print(text);
  });
  if (!answer.ok()) return std::move(answer).error();
  if (options.json) {
    HELICON_TRY(print(as_json(model, *answer)));
  } else if (!answer->text.ends_with('\n')) {
    HELICON_TRY(print("\n"));
  }
  if (options.figures) note(describe_figures(*answer));
  return ok_status();
}

// The words of the command line, after what is piped in.
Result<std::string> read_prompt(const Options& options) {
  std::string prompt = fmt::format("{}", fmt::join(options.prompt, " "));
  if (!input_is_terminal()) {
    HELICON_ASSIGN(std::string piped, read_input("-"));
    if (!piped.empty() && !prompt.empty()) piped += piped.ends_with('\n') ? "\n" : "\n\n";
    prompt.insert(0, piped);
  }
  HELICON_TRY(check_utf8(prompt, "the prompt"));
  return prompt;
}

Result<std::shared_ptr<backends::ChatModel>> load(const ModelArgument& model,
                                                  const backends::LocalModelOptions& options) {
  const PassingNote loading(fmt::format("loading {} ...", model.name));
  return backends::load_local_model(model.name, model.path, options);
}

Status run(const Options& options) {
  HELICON_TRY(check_utf8(options.system, "--system"));
  HELICON_ASSIGN(std::string prompt, read_prompt(options));
  const bool interactive = options.prompt.empty() && input_is_terminal();
  if (!interactive && prompt.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Error{ErrorCode::invalid_argument, "the prompt is empty"};
  }
  if (interactive && options.json) {
    return Error{ErrorCode::invalid_argument, "--json: needs a prompt, given or piped in"};
  }
  HELICON_ASSIGN(const auto catalog, open_catalog());
  HELICON_ASSIGN(const auto upstream, open_upstream(options.upstream));
  ModelArgument model{options.model, {}, nullptr};
  if (!upstream) {
    HELICON_ASSIGN(model, find_or_pull(*catalog, options.model));
  }
  backends::LocalModelOptions load_options = options.load;
  HELICON_TRY(apply(options.speculation, *catalog, load_options));
  HELICON_ASSIGN(load_options.packed_folder, packed_folder());
  load_options.find_ffmpeg = find_ffmpeg;
  HELICON_ASSIGN(auto answering,
                 upstream ? upstream->model(model.name) : load(model, load_options));
  std::shared_ptr<const agents::ProgramRunner> programs;
  const bool contemplating = options.settings.mode.mode == agents::Mode::contemplating;
  if (contemplating || interactive) {  // /set may change the mode
    auto runner = agents::sandbox_runner();
    if (runner.ok())
      programs = *std::move(runner);
    else if (contemplating)
      note(runner.error().message);
  }
  Conversation conversation(std::move(answering), std::move(programs));
  AgentLines agent_lines;
  if (!options.json)
    conversation.on_event = [&](const chat::Event& event) { agent_lines.hear(event); };
  conversation.settings = options.settings;
  conversation.system = options.system;
  for (const MediaFiles::Kind& one : options.media.kinds())
    for (const std::string& path : one.paths) {
      HELICON_ASSIGN(chat::Medium medium, open_medium(one.kind, path));
      conversation.attach(std::move(medium));
    }
  return interactive ? converse(conversation, model, options.figures)
                     : answer_once(conversation, model, std::move(prompt), options);
}

// Each setting of the table as an option. A wrong value is a wrong command line.
void add_settings(CLI::App& verb, const std::shared_ptr<Options>& options) {
  for (const Setting& setting : all_settings()) {
    const std::string flag = fmt::format("--{}", setting.name);
    CLI::Option* option = verb.add_option_function<std::string>(
        flag,
        [options, &setting, flag](const std::string& value) {
          const Status status = setting.set(options->settings, value);
          if (!status.ok()) throw CLI::ValidationError("--" + status.error().message);
        },
        std::string(setting.meaning));
    option->type_name("VALUE")->default_str(setting.get(options->settings));
  }
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("run", "Talk to a model; without a prompt, a conversation");
  verb->add_option("MODEL", options->model, model_help)->required();
  verb->add_option("PROMPT", options->prompt, "the question; what is piped in comes before it");
  verb->add_option("--system", options->system, "who the model is to be");
  // One file each, as the question follows.
  verb->add_option("--image", options->media.images, "a picture to ask about; again for another")
      ->allow_extra_args(false);
  verb->add_option("--video", options->media.films, "a film")->allow_extra_args(false);
  verb->add_option("--audio", options->media.sounds, "a sound")->allow_extra_args(false);
  add_settings(*verb, options);
  verb->add_option("--context", options->load.context_length,
                   "tokens a conversation may have (the model's own number, at most 8192)")
      ->check(CLI::Range(1, 1 << 24));
  verb->add_option("--threads", options->load.threads, "instead of one for each physical core")
      ->check(CLI::Range(1, 1 << 24));
  add_cache_type(*verb, options->load.cache_type);
  add_speculation(*verb, options->speculation);
  add_upstream(*verb, options->upstream);
  verb->add_flag("--json", options->json, "answer and figures as one JSON object");
  verb->add_flag("--verbose", options->figures, "tokens, seconds and seed, on standard error");
  verb->callback([options, verb, &exit_code] {
    // A server elsewhere may have a model of just that name.
    if (options->upstream.empty())
      take_mode_suffix(*verb, options->model, options->settings.mode.mode);
    check_mode_flags(*verb, options->settings.mode.mode);
    exit_code = exit_code_of(run(*options));
  });
}

}  // namespace helicon::apps
