#include "evaluation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "interrupt.h"

namespace helicon::apps {
namespace {

namespace json = boost::json;

void print_to_terminal(const std::string& text) {
  static_cast<void>(!write(STDERR_FILENO, text.data(), text.size()));
}

}  // namespace

Evaluation::Evaluation(const EvalOptions& options, const EvalTask& task,
                       std::vector<Problem> problems, std::shared_ptr<backends::ChatModel> model,
                       std::shared_ptr<const agents::ProgramRunner> programs, EvalResults& results)
    : options_(options),
      task_(task),
      problems_(std::move(problems)),
      model_(std::move(model)),
      programs_(std::move(programs)),
      results_(results) {
  for (const Problem& problem : problems_) ids_.insert(problem.id);
}

Status Evaluation::run() {
  for (int i = 0; i < options_.parallel; ++i)
    conversations_.push_back(std::make_unique<Conversation>(model_, programs_));
  const OnInterrupt interrupt([this] { stop(); });
  show_progress();
  {
    std::vector<std::jthread> threads;
    for (const auto& conversation : conversations_)
      threads.emplace_back([this, &conversation] { work(*conversation); });
  }
  if (::isatty(STDERR_FILENO) == 1) print_to_terminal("\n");
  if (failure_) return *failure_;
  if (stopped_.load())
    return Error{ErrorCode::cancelled, "stopped; the same command goes on from here"};
  return ok_status();
}

void Evaluation::stop() {
  stopped_.store(true);
  for (const auto& one : conversations_) one->cancel();
}

void Evaluation::work(Conversation& conversation) {
  while (!stopped_.load()) {
    const size_t at = next_++;
    if (at >= problems_.size()) return;
    if (results_.has(problems_[at].id)) continue;
    Status status = solve(conversation, problems_[at]);
    if (stopped_.load()) return;
    if (!status.ok()) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::move(status).error();
      stop();
    }
    show_progress();
  }
}

Status Evaluation::solve(Conversation& conversation, const Problem& problem) {
  const auto start = std::chrono::steady_clock::now();
  HELICON_ASSIGN(Trial trial, options_.samples > 0 ? vote(conversation, problem)
                                                   : ask(conversation, problem, options_.seed));
  Solved solved;
  solved.id = problem.id;
  solved.correct = trial.verdict.correct;
  solved.tokens = trial.tokens;
  solved.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  solved.first_round = trial.first_round;
  solved.correct_samples = trial.correct_samples;
  return results_.add(solved, std::move(trial.details));
}

Result<Evaluation::Trial> Evaluation::ask(Conversation& conversation, const Problem& problem,
                                          uint64_t seed) const {
  conversation.clear();
  conversation.settings.sampling = {};
  conversation.settings.sampling.temperature = options_.temperature;
  conversation.settings.seed = seed;
  conversation.settings.max_tokens =
      options_.mode_options.mode == agents::Mode::instant ? options_.max_tokens : -1;
  conversation.settings.mode = options_.mode_options;
  Trial trial;
  const auto answer =
      conversation.ask(problem.prompt, [](std::string_view) { return ok_status(); });
  if (!answer.ok()) {
    // One problem that cannot be asked is an unsolved one; a server that is gone is the end.
    if (answer.error().code != ErrorCode::context_length) return answer.error();
    trial.details["error"] = answer.error().message;
    return trial;
  }
  if (answer->finish == chat::FinishReason::cancelled)
    return Error{ErrorCode::cancelled, "stopped"};
  HELICON_ASSIGN(trial.verdict, task_.judge(problem, answer->text, programs_.get()));
  trial.tokens = answer->usage.completion_tokens;
  trial.details = {{"extracted", trial.verdict.extracted},
                   {"reasoning_tokens", answer->usage.reasoning_tokens},
                   {"answer", answer->text}};
  if (const std::optional<chat::Progress>& agreement = answer->agreement)
    trial.details["agreement"] = {agreement->agreed, agreement->answered};
  if (!answer->agents.empty()) trial.details["agents"] = agents_json(answer->agents);
  trial.first_round = std::none_of(answer->agents.begin(), answer->agents.end(),
                                   [](const chat::Progress& one) { return one.round > 1; });
  return trial;
}

Result<Evaluation::Trial> Evaluation::vote(Conversation& conversation,
                                           const Problem& problem) const {
  Trial whole;
  std::map<std::string, int> votes;
  int most = 0;
  json::array samples;
  for (int i = 0; i < options_.samples; ++i) {
    if (stopped_.load()) return Error{ErrorCode::cancelled, "stopped"};
    HELICON_ASSIGN(Trial one, ask(conversation, problem, options_.seed + static_cast<uint64_t>(i)));
    whole.tokens += one.tokens;
    whole.correct_samples += one.verdict.correct;
    samples.push_back({{"extracted", one.verdict.extracted},
                       {"correct", one.verdict.correct},
                       {"tokens", one.tokens}});
    // Of results that are as frequent the one that got there first.
    if (one.verdict.extracted.empty() || ++votes[one.verdict.extracted] <= most) continue;
    most = votes[one.verdict.extracted];
    whole.verdict = std::move(one.verdict);
  }
  whole.details = {{"extracted", whole.verdict.extracted}, {"samples", std::move(samples)}};
  return whole;
}

void Evaluation::show_progress() const {
  if (::isatty(STDERR_FILENO) != 1) return;
  size_t tried = 0, correct = 0;
  for (const Solved& one : results_.solved()) {
    if (!ids_.contains(one.id)) continue;
    ++tried;
    correct += one.correct;
  }
  constexpr size_t width = 30;
  const size_t done = std::min(width, width * tried / std::max<size_t>(problems_.size(), 1));
  print_to_terminal(fmt::format(
      "\r\x1b[K[{}{}] {}/{}, {:.1f} % right", std::string(done, '#'),
      std::string(width - done, '.'), tried, problems_.size(),
      tried == 0 ? 0.0 : 100.0 * static_cast<double>(correct) / static_cast<double>(tried)));
}

}  // namespace helicon::apps
