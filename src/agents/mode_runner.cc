#include "agents/mode_runner.h"

#include <utility>

#include "agents/contemplating.h"
#include "agents/thinking.h"

namespace helicon::agents {
namespace {

class ModeRun final : public backends::ChatRun {
 public:
  ModeRun(std::shared_ptr<Inbox> inbox, int prompt_tokens)
      : inbox_(std::move(inbox)), prompt_tokens_(prompt_tokens) {}
  ~ModeRun() override { inbox_->cancel(); }
  void cancel() override { inbox_->cancel(); }
  int prompt_tokens() const override { return prompt_tokens_; }

 private:
  std::shared_ptr<Inbox> inbox_;
  int prompt_tokens_;
};

Status check_possible(const backends::ChatRequest& request, Mode mode) {
  const auto refuse = [&](const char* parameter, const char* what) {
    return Error{
        ErrorCode::unsupported,
        std::string(parameter) + ": " + what + " in the mode " + std::string(to_string(mode)),
        parameter};
  };
  if (request.choices > 1) return refuse("n", "there is one answer only");
  if (request.top_logprobs >= 0) return refuse("logprobs", "there are none");
  if (mode == Mode::contemplating && !request.tools.empty())
    return refuse("tools", "they cannot be called");
  return ok_status();
}

}  // namespace

ModeRunner::ModeRunner(std::shared_ptr<const ProgramRunner> programs)
    : programs_(std::move(programs)) {}

ModeRunner::~ModeRunner() {
  {
    const std::lock_guard lock(mutex_);
    for (const Job& job : jobs_)
      if (job.work) job.work->inbox->cancel();
  }
  for (Job& job : jobs_) job.thread.join();
}

Result<std::unique_ptr<backends::ChatRun>> ModeRunner::start(
    std::shared_ptr<backends::ChatModel> model, backends::ChatRequest request,
    const ModeOptions& options, chat::Listener listener) {
  HELICON_TRY(check(options));
  if (options.mode == Mode::instant) {
    if (model->info().reasons) request = with_reasoning(std::move(request), false);
    return model->start(std::move(request), std::move(listener));
  }
  HELICON_TRY(check_possible(request, options.mode));

  auto work = std::make_shared<Work>();
  work->model = std::move(model);
  work->request = std::move(request);
  work->options = options;
  work->listener = std::move(listener);
  // What starts here fails here; what follows is told to the listener.
  std::function<void()> direct;
  int prompt_tokens = 0;
  if (options.mode == Mode::thinking) {
    HELICON_ASSIGN(auto asked, start_thinking(*work));
    prompt_tokens = asked.run->prompt_tokens();
    direct = [work, asked = std::make_shared<Work::Asked>(std::move(asked))] {
      think(*work, std::move(*asked));
    };
  } else {
    auto contemplation = std::make_shared<Contemplation>(*work, programs_.get());
    HELICON_TRY(contemplation->start());
    prompt_tokens = contemplation->prompt_tokens();
    direct = [work, contemplation] { contemplation->run(); };
  }
  auto run = std::make_unique<ModeRun>(work->inbox, prompt_tokens);

  const std::lock_guard lock(mutex_);
  join_done();
  Job& job = jobs_.emplace_back();
  job.work = std::move(work);
  job.thread = std::thread([this, &job, direct = std::move(direct)]() mutable {
    direct();
    direct = nullptr;  // its runs and its model go with it, on this thread
    const std::lock_guard lock_again(mutex_);
    job.work = nullptr;
    job.done = true;
  });
  return std::unique_ptr<backends::ChatRun>(std::move(run));
}

// With the lock held.
void ModeRunner::join_done() {
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    if (!job->done) {
      ++job;
      continue;
    }
    job->thread.join();
    job = jobs_.erase(job);
  }
}

}  // namespace helicon::agents
