// A conversation with a model: what was said, and the next answer to it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agents/mode_runner.h"
#include "backends/chat_model.h"
#include "base/result.h"
#include "chat/message.h"
#include "runtime/request.h"
#include "settings.h"

namespace helicon::apps {

struct Answer {
  std::string text;
  std::string reasoning;
  std::optional<chat::Progress> agreement;  // the last of several agents
  std::vector<chat::Progress> agents;       // how each of them ended, in each round
  runtime::FinishReason finish = runtime::FinishReason::stop;
  runtime::Usage usage;
  uint64_t seed = 0;  // the one it was drawn with
};

// How agents ended, as clients and files of results have it.
boost::json::array agents_json(const std::vector<chat::Progress>& agents);

class Conversation {
 public:
  // `programs` runs what agents write; null: nothing is run.
  explicit Conversation(std::shared_ptr<backends::ChatModel> model,
                        std::shared_ptr<const agents::ProgramRunner> programs = nullptr);

  // Asks and waits. `on_text` gets the answer in pieces of valid UTF-8, on this thread; an error of
  // it ends the answer and is returned. A question whose answer fails, or is cancelled before its
  // first word, leaves no trace in the conversation. Errors: those of ChatModel::start().
  Result<Answer> ask(std::string question, const std::function<Status(std::string_view)>& on_text);

  // Goes before the next question, and is forgotten with it if that fails.
  void attach(chat::Medium medium) { attached_.push_back(std::move(medium)); }

  // Ends the running answer, from any thread; without one it does nothing.
  void cancel();

  void clear() {
    messages_.clear();
    attached_.clear();
  }

  Settings settings;
  std::function<void(const chat::Event&)> on_event;  // each, before its text is given out; or none
  std::string system;  // the system message; empty: none, the template may have its own
  const backends::ModelInfo& model() const { return model_->info(); }

 private:
  backends::ChatRequest next_request(uint64_t seed) const;
  Result<Answer> stream(backends::ChatRequest request,
                        const std::function<Status(std::string_view)>& on_text);

  void set_run(backends::ChatRun* run);
  std::stop_token begin();

  std::shared_ptr<backends::ChatModel> model_;
  agents::ModeRunner modes_;
  std::vector<chat::Message> messages_;
  std::vector<chat::Medium> attached_;
  std::mutex mutex_;                  // guards what follows
  backends::ChatRun* run_ = nullptr;  // the running answer
  std::stop_source stop_;             // of an answer that does not run yet
};

}  // namespace helicon::apps
