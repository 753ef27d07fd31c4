// What those who work on one question share: the model, the listener, the inbox.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agents/mode.h"
#include "backends/chat_model.h"
#include "chat/event.h"

namespace helicon::agents {

// From the threads of models and checks to the one that directs the work.
class Inbox {
 public:
  struct Finding {     // of a check
    bool ran = false;  // to its end, without an error
    std::string output;
    std::string errors;
  };
  struct Note {
    int sender = 0;
    std::optional<chat::Event> event = {};
    std::optional<chat::Usage> done = {};
    std::optional<Finding> finding = {};
  };

  void put(Note note);
  // Wakes take(); it gives nothing from then on.
  void cancel();
  bool cancelled() const;
  // All notes since the last call; waits for one. Empty once cancelled.
  std::vector<Note> take();
  // The same, but empty as well where nothing comes for so long.
  std::vector<Note> take_within(std::chrono::milliseconds time);
  // The same, also after cancel(): for the end of those who were stopped.
  std::vector<Note> take_last();

 private:
  std::vector<Note> take(bool also_cancelled);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Note> notes_;
  bool cancelled_ = false;
};

// One question on its way.
struct Work {
  std::shared_ptr<backends::ChatModel> model;
  backends::ChatRequest request;  // as it was asked
  ModeOptions options;
  chat::Listener listener;
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  chat::Usage usage;  // of all that was asked of the model
  int senders = 0;    // given out so far

  // Asks the model; what it says comes to the inbox from the run's sender.
  struct Asked {
    std::unique_ptr<backends::ChatRun> run;
    int sender = -1;
    int most = -1;        // tokens it may write; -1: any number
    int tokens = 0;       // that it has written
    bool beyond = false;  // it has written more than it may
    // Counts what an event brings. A server elsewhere may heed no bound: what comes beyond it is
    // taken out of the event, and the run is stopped, which counts as its end by length.
    void take(chat::Event& event);
  };
  Result<Asked> ask(backends::ChatRequest request);
  // The same for the answer, with the client's stop strings: for at most `most` tokens (-1: any
  // number), or as many as the context has left.
  Result<Asked> ask_to_answer(backends::ChatRequest request, int most);
  // The same for at most `budget` tokens, fewer where context and the client's own bound would not
  // leave as much again for what follows. Error: context_length where not even a few are left, or
  // the client's bound does not fit.
  Result<Asked> ask_within(backends::ChatRequest request, int budget);
  // Why there is no room for a budget: what the client's own request gets, if that does not fit.
  Error without_room();
  // Adds a run's figures to those of the whole.
  void count(const chat::Usage& run);

  void say(std::string reasoning, std::string text);
  void report(chat::Progress progress);
  // The last event, and the figures.
  void finish(chat::FinishReason reason, std::optional<Error> error = std::nullopt);
};

// What one run has said when it is over.
struct Said {
  std::string text;
  std::string reasoning;
  int tokens = 0;
  chat::FinishReason finish = chat::FinishReason::stop;
  std::optional<Error> error;
  bool cancelled = false;    // all work was
  bool over_budget = false;  // it was stopped for that
  bool called = false;       // tools
};

// Hears one run to its end and passes on what it says, as reasoning or as the answer. Where a model
// reasons by itself, its reasoning is passed as that and its answer as the answer; the run is
// stopped when it has reasoned for `budget` tokens (0: any number) without a word of the answer.
enum class As { reasoning, answer };
Said hear(Work& work, Work::Asked& asked, As as, int budget = 0);

// The request to a model that reasons by itself, with its reasoning switched on or off.
backends::ChatRequest with_reasoning(backends::ChatRequest request, bool on);

// The request with `instruction` below the last user message, or as one where there is none; what
// bounds the answer is left out.
backends::ChatRequest instructed(const backends::ChatRequest& request,
                                 std::string_view instruction);

}  // namespace helicon::agents
