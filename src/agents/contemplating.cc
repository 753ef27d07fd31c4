#include "agents/contemplating.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agents/arithmetic.h"
#include "agents/thinking.h"

namespace helicon::agents {
namespace {

using chat::Progress;
using prompts::Task;

constexpr std::chrono::milliseconds kProgramLimit{5'000};
constexpr std::chrono::seconds kLook{1};  // between two looks at who is silent
constexpr size_t kMostTests = 8;          // of one agent
constexpr float kRepeatedTemperature = 0.7f;

// Other draws for each attempt, and the same ones for the same question and seed.
runtime::SamplingParameters draws_of(runtime::SamplingParameters sampling,
                                     const prompts::Angle& angle, int round, int agent) {
  sampling.temperature = angle.temperature;
  sampling.top_p = 0.95f;
  if (angle.task == Task::thoughts && round == 1) {
    // As if Thinking were asked once for each seed from the question's own on: how much better than
    // a vote of these Contemplating is can then be told from few problems.
    sampling.seed += static_cast<uint64_t>(agent);
    sampling.top_p = 1;
    return sampling;
  }
  // splitmix64 (Steele et al., 2014)
  uint64_t value =
      sampling.seed + 0x9e3779b97f4a7c15 * static_cast<uint64_t>(round * 1000 + agent + 1);
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  sampling.seed = value ^ (value >> 31);
  return sampling;
}

// Agents take the angles over and over; whoever repeats one draws otherwise.
prompts::Angle angle_of(const std::vector<prompts::Angle>& angles, int agent) {
  const auto place = static_cast<size_t>(agent);
  prompts::Angle angle = angles[place % angles.size()];
  if (place >= angles.size()) angle.temperature = std::max(angle.temperature, kRepeatedTemperature);
  return angle;
}

// Whether a fenced block has begun and ended.
bool has_whole_block(std::string_view text) {
  constexpr std::string_view kFence = "```";
  const size_t begin = text.find(kFence);
  return begin != std::string_view::npos && text.find("\n```", begin + kFence.size()) != text.npos;
}

Progress about(const Attempt& attempt, Progress::Kind kind) {
  Progress progress;
  progress.kind = kind;
  progress.round = attempt.round;
  progress.agent = attempt.agent;
  return progress;
}

}  // namespace

Contemplation::Contemplation(Work& work, const ProgramRunner* programs)
    : work_(work),
      programs_(programs),
      kind_(kind_of(work.request.messages)),
      least_budget_(budget_of(work.options)),
      tally_(static_cast<size_t>(work.options.agents)) {}

Contemplation::~Contemplation() {
  for (std::jthread& check : checks_) check.request_stop();
}

// Those that need no program where there is nothing to run it.
std::vector<prompts::Angle> Contemplation::usable(std::span<const prompts::Angle> angles) const {
  std::vector<prompts::Angle> result;
  for (const prompts::Angle& angle : angles)
    if (programs_ || (angle.task != Task::program && angle.task != Task::tests))
      result.push_back(angle);
  return result;
}

Status Contemplation::start() {
  const std::vector<prompts::Angle> angles = usable(prompts::angles(kind_));
  for (int agent = 0; agent < work_.options.agents; ++agent) {
    const Status started = start_attempt(agent, 1, angle_of(angles, agent));
    if (!started.ok() && attempts_.empty()) return started;
    // Whoever cannot be served now is missing; the others go on.
  }
  return ok_status();
}

Status Contemplation::start_attempt(int agent, int round, const prompts::Angle& angle,
                                    std::string_view read) {
  // Who reasons by itself need not be asked to.
  const bool asks = !(angle.task == Task::thoughts && work_.model->info().reasons);
  std::string instruction(read);
  if (asks) instruction += fmt::format("{}{}", read.empty() ? "" : "\n\n", angle.instruction);
  backends::ChatRequest question = instructed(work_.request, instruction);
  question.sampling = draws_of(work_.request.sampling, angle, round, agent);
  backends::ChatRequest request =
      angle.task == Task::thoughts ? reasoning_turn(work_, question) : question;
  HELICON_ASSIGN(Work::Asked asked, work_.ask_within(std::move(request), budget_of(work_.options)));
  const int bound = work_.request.max_tokens;
  if (round == 1 && (bound <= 0 || asked.most < bound * 3 / 4))
    least_budget_ = std::min(least_budget_, asked.most);
  attempts_.push_back({.agent = agent,
                       .round = round,
                       .angle = angle,
                       .question = std::move(question),
                       .asked = std::move(asked)});
  return ok_status();
}

// Each reads the digest; what they find counts beside what was found before. Results that can be
// compared get a quarter as many as began, as others still write beside these.
void Contemplation::start_revisions(int round) {
  const std::string read = digest();
  const std::vector<prompts::Angle> angles = usable(prompts::revisions(kind_));
  const int part = kind_ == QuestionKind::number || kind_ == QuestionKind::choice ? 4 : 2;
  const int agents = std::max(work_.options.agents / part, 2);
  for (int agent = 0; agent < agents; ++agent) {
    // Where not even that can be started, the rounds before speak.
    static_cast<void>(start_attempt(agent, round, angle_of(angles, agent), read));
  }
}

void Contemplation::run() {
  for (;; ++round_) {
    Progress begin;
    begin.kind = Progress::Kind::round;
    begin.round = round_;
    begin.agents = static_cast<int>(
        std::count_if(attempts_.begin(), attempts_.end(),
                      [&](const Attempt& attempt) { return attempt.round == round_; }));
    work_.report(begin);
    for (const Attempt& attempt : attempts_) {
      if (attempt.round != round_) continue;
      Progress started = about(attempt, Progress::Kind::agent_started);
      started.angle = attempt.angle.name;
      work_.report(std::move(started));
    }
    bool going_on = hear_attempts();
    if (going_on && !tests_.empty()) {
      check_with_tests();
      going_on = hear_attempts();
    }
    if (!going_on) return work_.finish(chat::FinishReason::cancelled);
    if (!wants_another_round()) break;
    start_revisions(round_ + 1);
  }
  answer();
}

bool Contemplation::hear_attempts() {
  while (under_way() && !most_have_answered()) {
    std::vector<Inbox::Note> notes = work_.inbox->take_within(kLook);
    if (work_.inbox->cancelled()) break;
    for (Inbox::Note& note : notes) hear_note(std::move(note));
    stop_stragglers();
    stop_the_silent();
  }
  if (!work_.inbox->cancelled()) return true;
  stop_writers();
  for (std::jthread& check : checks_) check.request_stop();
  // Nobody works any more when this is over.
  while (std::any_of(attempts_.begin(), attempts_.end(),
                     [](const Attempt& attempt) { return attempt.writing; }))
    for (Inbox::Note& note : work_.inbox->take_last())
      for (Attempt& attempt : attempts_)
        if (note.done && note.sender == attempt.asked.sender) {
          work_.count(*note.done);
          attempt.writing = false;
        }
  return false;
}

bool Contemplation::under_way() const {
  return std::any_of(attempts_.begin(), attempts_.end(),
                     [](const Attempt& attempt) { return attempt.writing || attempt.checking; });
}

void Contemplation::hear_note(Inbox::Note note) {
  const auto found = std::find_if(attempts_.begin(), attempts_.end(), [&](const Attempt& attempt) {
    return attempt.asked.sender == note.sender;
  });
  if (found == attempts_.end()) return;
  Attempt& attempt = *found;
  attempt.heard = std::chrono::steady_clock::now();
  if (note.finding) return take_finding(attempt, *note.finding);
  if (note.done) {
    work_.count(*note.done);
    attempt.writing = false;
    return conclude(attempt);
  }
  if (!note.event) return;
  chat::Event& event = *note.event;
  attempt.asked.take(event);
  attempt.text += event.text;
  attempt.reasoning += event.reasoning;
  if (event.error) attempt.error = event.error;
  if (event.finish) attempt.finish = *event.finish;
  if (attempt.angle.task == Task::program && !attempt.whole && has_whole_block(attempt.text)) {
    attempt.whole = true;  // small models go on and guess what it prints
    attempt.asked.run->cancel();
  }
  if (event.text.empty() && event.reasoning.empty()) return;
  Progress wrote = about(attempt, Progress::Kind::agent_wrote);
  wrote.text = event.reasoning + event.text;
  work_.report(std::move(wrote));
}

// The text is complete: is it the answer?
void Contemplation::conclude(Attempt& attempt) {
  // Also one that has thought: what it would have answered is not known.
  if (attempt.error || attempt.finish == chat::FinishReason::error)
    return close(attempt, Outcome::failed);
  if (attempt.finish == chat::FinishReason::cancelled && !attempt.whole)
    return close(attempt, Outcome::stopped);
  attempt.cut |= attempt.finish == chat::FinishReason::length;
  const bool answered = attempt.answering || !(attempt.reasoning.empty() || attempt.text.empty());
  if (attempt.angle.task == Task::thoughts && !answered && ask_for_answer(attempt)) return;
  if (attempt.text.empty() && attempt.thoughts.empty())
    attempt.text = attempt.reasoning;  // its budget went into that
  judge(attempt);
}

bool Contemplation::ask_for_answer(Attempt& attempt) {
  const std::string& thoughts = attempt.text.empty() ? attempt.reasoning : attempt.text;
  // What is given out of both has to keep the client's bound.
  int budget = budget_of(work_.options);
  const int bound = work_.request.max_tokens;
  if (bound > 0) budget = std::min(budget, std::max(1, bound - attempt.asked.tokens));
  auto asked =
      work_.ask_within(answering_turn(work_, attempt.question, thoughts, attempt.cut), budget);
  if (!asked.ok()) return false;
  attempt.answering = true;
  attempt.thoughts = thoughts;
  attempt.text.clear();
  attempt.reasoning.clear();
  attempt.thought_tokens = attempt.asked.tokens;
  attempt.asked = *std::move(asked);
  attempt.writing = true;
  return true;
}

// What does it say, and does it hold?
void Contemplation::judge(Attempt& attempt) {
  if (attempt.angle.task == Task::tests) {
    for (std::string& test : asserts_of(attempt.text, kMostTests))
      if (std::find(tests_.begin(), tests_.end(), test) == tests_.end())
        tests_.push_back(std::move(test));
    return close(attempt, Outcome::answered);
  }
  if (programs_ && attempt.angle.task == Task::program)
    return check(attempt, code_of(attempt.text), kProgramLimit);
  if (programs_ && kind_ == QuestionKind::code) return check_code(attempt);
  attempt.weight = Weights::kChecked;
  attempt.result = result_of(kind_, attempt.text).value_or("");
  if (attempt.result.empty()) attempt.result = result_of(kind_, attempt.thoughts).value_or("");
  if (kind_ == QuestionKind::number) {
    const Equations equations = check_equations(attempt.solution());
    if (equations.wrong > 0) {
      attempt.weight = Weights::kWrong;
      attempt.check = Progress::Check::failed;
    } else if (equations.right > 0) {
      attempt.check = Progress::Check::passed;
    } else {
      attempt.weight = Weights::kUnchecked;
    }
  }
  vote(attempt);
}

// On a thread of its own, as a program may take seconds.
void Contemplation::check(Attempt& attempt, std::string program, std::chrono::milliseconds limit) {
  attempt.checking = true;
  checks_.emplace_back([programs = programs_, inbox = work_.inbox, sender = attempt.asked.sender,
                        program = std::move(program), limit](const std::stop_token& stop) {
    const Result<ProgramOutput> output = programs->run(program, limit, stop);
    Inbox::Finding finding;
    if (output.ok()) {
      finding = {output->ran, output->output, output->errors};
    } else {
      finding.errors = output.error().message;
    }
    inbox->put({.sender = sender, .finding = std::move(finding)});
  });
}

void Contemplation::check_code(Attempt& attempt, const std::vector<std::string>& tests) {
  CheckingProgram program =
      checking_program(code_of(attempt.text), last_question(work_.request.messages), tests);
  attempt.word = std::move(program.word);
  check(attempt, std::move(program.text), 2 * kProgramLimit);
}

void Contemplation::take_finding(Attempt& attempt, const Inbox::Finding& finding) {
  attempt.checking = false;
  if (kind_ == QuestionKind::code) {
    attempt.report = read_report(finding.output, attempt.word, tests_.size());
    if (attempt.report.failure.empty() && !finding.ran) attempt.report.failure = finding.errors;
    const bool passed = attempt.report.loaded && attempt.report.passed == attempt.report.examples;
    attempt.check = passed ? Progress::Check::passed : Progress::Check::failed;
  } else {
    // That it ran says nothing of what it computes.
    attempt.check = finding.ran ? Progress::Check::passed : Progress::Check::failed;
    attempt.weight = Weights::kProgram;
    if (finding.ran) attempt.result = number_in(finding.output).value_or("");
  }
  if (attempt.closed) return;
  Progress checked = about(attempt, Progress::Kind::agent_checked);
  checked.result = attempt.result;
  checked.check = attempt.check;
  work_.report(std::move(checked));
  vote(attempt);
}

void Contemplation::check_with_tests() {
  for (Attempt& attempt : attempts_)
    if (attempt.closed && attempt.report.loaded) check_code(attempt, tests_);
}

void Contemplation::vote(Attempt& attempt) {
  if (attempt.result.empty()) {
    const bool comparable = kind_ == QuestionKind::number || kind_ == QuestionKind::choice;
    return close(attempt, comparable ? Outcome::no_result : Outcome::answered);
  }
  close(attempt, Outcome::answered);
  tally_.add({attempt.result, attempt.weight});
  const Tally::Standing leader = tally_.standings().front();
  Progress agreement;
  agreement.kind = Progress::Kind::agreement;
  agreement.round = attempt.round;
  agreement.agents = work_.options.agents;
  agreement.agreed = static_cast<int>(leader.votes);
  agreement.answered = static_cast<int>(tally_.votes());
  agreement.result = leader.result;
  work_.report(std::move(agreement));
  if (enough_agree()) stop_writers();
}

void Contemplation::close(Attempt& attempt, Outcome outcome) {
  attempt.outcome = outcome;
  attempt.closed = true;
  Progress finished = about(attempt, Progress::Kind::agent_finished);
  finished.outcome = outcome;
  finished.check = attempt.check;
  finished.result = attempt.result;
  finished.tokens = attempt.tokens();
  work_.report(std::move(finished));
}

}  // namespace helicon::agents
