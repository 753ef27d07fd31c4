// A run of an evaluation: problems are asked one after another, on some threads, and judged.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agents/mode.h"
#include "agents/sandbox_runner.h"
#include "backends/chat_model.h"
#include "conversation.h"
#include "eval_results.h"
#include "eval_task.h"

namespace helicon::apps {

struct EvalOptions {
  std::string task;
  std::string model = "qwen2.5-coder-1.5b";
  std::string mode = "instant";
  std::string effort;
  std::filesystem::path data;
  std::filesystem::path results;
  std::string upstream;
  agents::ModeOptions mode_options;
  size_t first = 0;
  size_t limit = 1'000'000;
  uint64_t seed = 1;
  float temperature = 0;
  int max_tokens = 1024;
  int samples = 0;  // answers a problem, of which most decide; 0: one answer, which counts
  int parallel = 1;
  int threads = 0;
};

class Evaluation {
 public:
  // `programs` may be null where nothing is to be run. Everything given outlives this.
  Evaluation(const EvalOptions& options, const EvalTask& task, std::vector<Problem> problems,
             std::shared_ptr<backends::ChatModel> model,
             std::shared_ptr<const agents::ProgramRunner> programs, EvalResults& results);

  // Until all problems are solved or SIGINT comes, with a bar on a terminal. Errors: cancelled,
  // those of the model but context_length, of the sandbox and of the file of results.
  Status run();
  // Of all its problems.
  const std::set<std::string>& ids() const { return ids_; }

 private:
  // What is known of one answer.
  struct Trial {
    Verdict verdict;
    int tokens = 0;
    bool first_round = true;
    int correct_samples = 0;
    boost::json::object details;
  };

  void work(Conversation& conversation);
  Status solve(Conversation& conversation, const Problem& problem);
  // Asks once. A problem that does not fit the context is an unsolved one.
  Result<Trial> ask(Conversation& conversation, const Problem& problem, uint64_t seed) const;
  // Asks `samples` times; the result that most answers have is the one that counts.
  Result<Trial> vote(Conversation& conversation, const Problem& problem) const;
  void stop();
  void show_progress() const;

  const EvalOptions& options_;
  const EvalTask& task_;
  const std::vector<Problem> problems_;
  std::set<std::string> ids_;
  const std::shared_ptr<backends::ChatModel> model_;
  const std::shared_ptr<const agents::ProgramRunner> programs_;
  EvalResults& results_;
  std::vector<std::unique_ptr<Conversation>> conversations_;
  std::atomic<size_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::optional<Error> failure_;  // guarded by mutex_
};

}  // namespace helicon::apps
