// Asks a model in one of the modes: the door to everything in this folder.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "agents/checker.h"
#include "agents/mode.h"
#include "backends/chat_model.h"

namespace helicon::agents {

struct Work;

// Thinking and Contemplating are directed by a thread for each question, which waits most of the
// time. Safe to use from many threads.
class ModeRunner {
 public:
  // `programs` runs what agents write; null: results are compared, and nothing is run.
  explicit ModeRunner(std::shared_ptr<const ProgramRunner> programs = nullptr);
  // Cancels what runs and waits for it.
  ~ModeRunner();
  ModeRunner(const ModeRunner&) = delete;
  ModeRunner& operator=(const ModeRunner&) = delete;

  // As ChatModel::start(), with its errors; those of check(); and unsupported for what a mode
  // cannot do: several choices or log-probabilities other than in Instant, tools in Contemplating.
  // The listener is called on a thread of this class or the model's. Destroying the run cancels it
  // and does not wait.
  Result<std::unique_ptr<backends::ChatRun>> start(std::shared_ptr<backends::ChatModel> model,
                                                   backends::ChatRequest request,
                                                   const ModeOptions& options,
                                                   chat::Listener listener);

 private:
  struct Job {
    std::shared_ptr<Work> work;  // null once it is done
    std::thread thread;
    bool done = false;  // guarded by mutex_
  };
  void join_done();

  const std::shared_ptr<const ProgramRunner> programs_;
  std::mutex mutex_;
  std::list<Job> jobs_;
};

}  // namespace helicon::agents
