// Contemplating: agents solve one question side by side, read a digest of each other's results and
// revise (the method published as Parallel-Distill-Refine), and one answer is made of what they
// found.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agents/checker.h"
#include "agents/code_check.h"
#include "agents/prompts.h"
#include "agents/question.h"
#include "agents/tally.h"
#include "agents/work.h"

namespace helicon::agents {

// One agent's attempt of one round.
struct Attempt {
  int agent = 0;
  int round = 1;
  prompts::Angle angle;
  backends::ChatRequest question;  // as this agent was asked it
  Work::Asked asked;
  std::string thoughts = {};  // of one that thinks, once it is asked for the answer
  int thought_tokens = 0;
  std::string text = {};
  std::string reasoning = {};  // of a model that reasons by itself
  bool writing = true;
  bool checking = false;
  bool closed = false;     // its end was told
  bool answering = false;  // it was asked for the answer to what it thought
  bool whole = false;      // its program was complete, and it was stopped behind that
  bool cut = false;        // its budget ended it: it may count, but it is no answer to give out
  chat::FinishReason finish = chat::FinishReason::stop;
  chat::Progress::Outcome outcome = chat::Progress::Outcome::answered;
  chat::Progress::Check check = chat::Progress::Check::none;
  std::string result = {};  // comparable; empty: none
  double weight = 0;        // of its vote
  CodeReport report = {};   // of code
  std::string word = {};    // by which its report is known
  std::optional<Error> error = {};
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now(), heard = began;

  // All that it wrote, for whoever reads it.
  std::string solution() const {
    return thoughts.empty() || text.empty() ? thoughts + text : thoughts + "\n\n" + text;
  }
  int tokens() const { return thought_tokens + asked.tokens; }
};

class Contemplation {
 public:
  Contemplation(Work& work, const ProgramRunner* programs);
  // Stops the checks that run, and waits for them.
  ~Contemplation();

  // Starts the first round. Errors: those of ChatModel::start(), of its first agent.
  Status start();
  // Directs the work, to the listener's on_done.
  void run();
  int prompt_tokens() const { return attempts_.front().asked.run->prompt_tokens(); }

 private:
  using Outcome = chat::Progress::Outcome;

  // contemplating.cc: the rounds.
  std::vector<prompts::Angle> usable(std::span<const prompts::Angle> angles) const;
  // What stands above the angle's instruction, of whom has read a digest.
  Status start_attempt(int agent, int round, const prompts::Angle& angle,
                       std::string_view read = {});
  void start_revisions(int round);
  // Hears the attempts until none is under way or enough agree. False: all work was cancelled.
  bool hear_attempts();
  void hear_note(Inbox::Note note);
  void conclude(Attempt& attempt);
  // Asks one that has thought for its answer. False: it cannot be asked.
  bool ask_for_answer(Attempt& attempt);
  void judge(Attempt& attempt);
  void check(Attempt& attempt, std::string program, std::chrono::milliseconds limit);
  void take_finding(Attempt& attempt, const Inbox::Finding& finding);
  // Runs all code against the tests that agents wrote.
  void check_code(Attempt& attempt, const std::vector<std::string>& tests = {});
  void check_with_tests();
  void vote(Attempt& attempt);
  void close(Attempt& attempt, Outcome outcome);
  bool under_way() const;

  // contemplating_rounds.cc: whom to wait for.
  void stop_stragglers();
  // Those who have said nothing for much longer than anybody has taken for all.
  void stop_the_silent();
  void stop_writers();
  bool most_have_answered() const;
  bool enough_agree() const;
  bool wants_another_round() const;

  // contemplating_answer.cc: what is made of them.
  std::string digest() const;
  void answer();
  void answer_with(const Tally::Standing& standing);
  void answer_with(const Attempt& best, const std::string& statement);
  // Passes the most of the question's examples, and of equals the most of the tests, each as far as
  // it is believed: as the share of codes that pass it. Null where nobody wrote any code.
  const Attempt* best_code() const;
  void aggregate();
  // The text up to the first of the client's stop strings.
  std::string before_stop(std::string text) const;
  // Streams one more run of the model, of at most `most` tokens (-1: any number), as the answer;
  // gives back what it said, nothing where it failed or was cancelled and everything is said.
  // `otherwise` answers where it fails before a word, as a context does that cannot hold what it is
  // to read.
  std::optional<Said> stream_answer(backends::ChatRequest request, int most,
                                    const std::function<void()>& otherwise);
  std::optional<Error> failure() const;
  // What the statement says of agents that failed in the first round, and of less reasoning than
  // was asked for; empty where there is nothing to say.
  std::string missing() const;

  Work& work_;
  const ProgramRunner* programs_;
  const QuestionKind kind_;
  std::deque<Attempt> attempts_;  // of all rounds; references stay
  int round_ = 1;
  int least_budget_;  // that the context has left to an agent of the first round
  Tally tally_;
  std::vector<std::string> tests_;  // of code, by agents
  std::vector<std::jthread> checks_;
};

}  // namespace helicon::agents
