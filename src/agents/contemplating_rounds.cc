// Whom Contemplating waits for, and when it goes on.
#include <algorithm>
#include <chrono>
#include <vector>

#include "agents/contemplating.h"

namespace helicon::agents {
namespace {

// A writer is a straggler when three of four are done and it has written so many times as much as
// the median of these.
constexpr double kStraggler = 2.0;
constexpr std::chrono::seconds kSilence{20};  // at least, before somebody is given up for it
// And so many times what the slowest of those who are done took: where memory is for half of the
// agents only, the others have said nothing until these are done.
constexpr int kSilences = 2;
// Where so many of a round have answered and do not agree, the next one begins.
constexpr double kMost = 0.75;

}  // namespace

// Whether the next round may begin: whoever still writes goes on beside it, and is heard when done.
bool Contemplation::most_have_answered() const {
  if (kind_ != QuestionKind::number && kind_ != QuestionKind::choice) return false;
  size_t all = 0, answered = 0;
  for (const Attempt& attempt : attempts_) {
    if (attempt.round != round_) continue;
    ++all;
    answered += attempt.closed;
  }
  return static_cast<double>(answered) >= kMost * static_cast<double>(all) && wants_another_round();
}

// Enough of them, and one in words that can be given out: programs alone are soon done.
bool Contemplation::enough_agree() const {
  const std::optional<Tally::Standing> decided = tally_.decided();
  return decided && std::any_of(attempts_.begin(), attempts_.end(), [&](const Attempt& attempt) {
           return attempt.closed && attempt.angle.task != prompts::Task::program &&
                  attempt.result == decided->result;
         });
}

void Contemplation::stop_writers() {
  for (const Attempt& attempt : attempts_)
    if (attempt.writing) attempt.asked.run->cancel();
}

void Contemplation::stop_stragglers() {
  std::vector<int> done;
  size_t writing = 0;
  const bool over = std::none_of(attempts_.begin(), attempts_.end(), [&](const Attempt& attempt) {
    return attempt.round == round_ && (attempt.writing || attempt.checking);
  });
  if (over) return stop_writers();  // those of a round before
  for (const Attempt& attempt : attempts_) {
    if (attempt.round != round_) continue;
    if (attempt.writing)
      ++writing;
    else if (attempt.outcome != Outcome::failed)
      done.push_back(attempt.tokens());
  }
  if (writing == 0 || done.size() < 3 * writing) return;
  const auto middle = done.begin() + static_cast<std::ptrdiff_t>(done.size() / 2);
  std::nth_element(done.begin(), middle, done.end());
  for (const Attempt& attempt : attempts_)
    if (attempt.writing && attempt.tokens() > kStraggler * *middle) attempt.asked.run->cancel();
}

void Contemplation::stop_the_silent() {
  const auto now = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration patience = kSilence;
  size_t done = 0, writing = 0;
  for (const Attempt& attempt : attempts_) {
    if (attempt.writing) {
      ++writing;
    } else if (attempt.outcome == Outcome::answered || attempt.outcome == Outcome::no_result) {
      ++done;
      patience = std::max(patience, kSilences * (attempt.heard - attempt.began));
    }
  }
  if (done < writing) return;
  for (const Attempt& attempt : attempts_)
    if (attempt.writing && now - attempt.heard > patience) attempt.asked.run->cancel();
}

bool Contemplation::wants_another_round() const {
  if (round_ >= work_.options.rounds || failure()) return false;
  switch (kind_) {
    case QuestionKind::number:
    case QuestionKind::choice:
      return !tally_.decided() && tally_.votes() > 0;
    case QuestionKind::code: {
      const Attempt* best = best_code();
      return programs_ && best && best->check == chat::Progress::Check::failed;
    }
    case QuestionKind::open:
      return false;  // the aggregate is the round in which all drafts are read
  }
  return false;
}

}  // namespace helicon::agents
