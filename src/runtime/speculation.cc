#include "runtime/speculation.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace helicon::runtime {
namespace {

constexpr double kRecent = 0.1;  // weight of the newest in a running average

void average(double& value, double newest, double weight) { value += weight * (newest - value); }

}  // namespace

void StepCost::measured(size_t rows, double seconds) {
  if (rows == 0 || rows > kMostRows) return;
  double& known = seconds_[rows];
  if (known == 0)
    known = seconds;
  else
    average(known, seconds, kRecent);
}

double StepCost::seconds(size_t rows) const {
  for (size_t r = std::min(rows, kMostRows); r > 0; --r)
    if (seconds_[r] > 0) return seconds_[r];
  return 1;
}

Speculation::Speculation(SpeculationMode mode, std::unique_ptr<Drafter> drafter)
    : mode_(mode), drafter_(std::move(drafter)) {}

double Speculation::chance(uint64_t writer) const {
  const auto known = chances_.find(writer);
  return known == chances_.end() ? chance_ : known->second;
}

void Speculation::guess(std::vector<Draft>& drafts) {
  ++step_;
  const bool trial = mode_ == SpeculationMode::lookup || step_ % kTrial == 0;
  for (Draft& draft : drafts) draft.most = std::min(draft.most, drafter_->most());
  limit_to_rows(drafts);
  const GuessCost cost = drafter_->cost();
  if (cost != GuessCost::none && !trial) {
    const size_t depth = depth_that_pays(drafts);
    for (Draft& draft : drafts) draft.most = std::min(draft.most, depth);
  }
  const auto start = std::chrono::steady_clock::now();
  drafter_->guess(drafts);
  size_t deepest = 0;
  for (const Draft& draft : drafts) deepest = std::max(deepest, draft.guess.size());
  if (deepest > 0) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const double parts = cost == GuessCost::all ? 1 : static_cast<double>(deepest);
    average(guess_seconds_, took.count() / parts, kRecent);
  }
  if (cost == GuessCost::none && !trial) keep_what_pays(drafts);
}

// Evenly: a full step leaves nothing to guess.
void Speculation::limit_to_rows(std::vector<Draft>& drafts) const {
  const size_t writers = drafts.size();
  const size_t each = writers == 0 || writers >= kMostRows ? 0 : (kMostRows - writers) / writers;
  for (Draft& draft : drafts) draft.most = std::min(draft.most, each);
}

// A guess is worth the chance that it and all before it are right. The best of them are taken, as
// many as bring the most tokens a second.
void Speculation::keep_what_pays(std::vector<Draft>& drafts) const {
  struct Guess {
    double worth;
    Draft* draft;
  };
  std::vector<Guess> guesses;
  for (Draft& draft : drafts) {
    double worth = 1;
    for (size_t i = 0; i < draft.guess.size(); ++i)
      guesses.push_back({worth *= chance(draft.writer), &draft});
  }
  std::stable_sort(guesses.begin(), guesses.end(),
                   [](const Guess& a, const Guess& b) { return a.worth > b.worth; });
  double tokens = static_cast<double>(drafts.size());
  double best = tokens / cost_.seconds(drafts.size());
  size_t kept = 0;
  for (size_t i = 0; i < guesses.size(); ++i) {
    tokens += guesses[i].worth;
    const double speed = tokens / cost_.seconds(drafts.size() + i + 1);
    if (speed > best) best = speed, kept = i + 1;
  }
  std::map<const Draft*, size_t> counts;
  for (size_t i = 0; i < kept; ++i) ++counts[guesses[i].draft];
  for (Draft& draft : drafts) draft.guess.resize(counts[&draft]);
}

// The same for guesses that have to be paid for beforehand: one depth for all.
size_t Speculation::depth_that_pays(const std::vector<Draft>& drafts) const {
  double best = static_cast<double>(drafts.size()) / cost_.seconds(drafts.size());
  size_t best_depth = 0;
  for (size_t depth = 1; depth <= drafter_->most(); ++depth) {
    double tokens = 0;
    size_t rows = 0;
    for (const Draft& draft : drafts) {
      double worth = 1;
      tokens += worth;
      for (size_t i = 0; i < std::min(depth, draft.most); ++i)
        tokens += worth *= chance(draft.writer);
      rows += 1 + std::min(depth, draft.most);
    }
    const double parts = drafter_->cost() == GuessCost::all ? 1 : static_cast<double>(depth);
    const double speed = tokens / (cost_.seconds(rows) + parts * guess_seconds_);
    if (speed > best) best = speed, best_depth = depth;
  }
  return best_depth;
}

void Speculation::checked(uint64_t writer, size_t guesses, size_t right) {
  if (guesses == 0) return;
  double& chance = chances_.try_emplace(writer, chance_).first->second;
  for (size_t i = 0; i < right; ++i) average(chance, 1, kRecent), average(chance_, 1, kRecent / 5);
  if (right < guesses) average(chance, 0, kRecent), average(chance_, 0, kRecent / 5);
}

void Speculation::forget(uint64_t writer) {
  chances_.erase(writer);
  drafter_->forget(writer);
}

void Speculation::measured(size_t rows, double seconds) { cost_.measured(rows, seconds); }

}  // namespace helicon::runtime
