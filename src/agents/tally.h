// The votes of agents whose results can be compared.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace helicon::agents {

// What a result weighs. A solution of which every equation was recalculated, or code that passes
// its examples, is right more often than what was not checked, and a solution with a wrong equation
// seldom (docs/evaluation.md has the figures).
struct Weights {
  static constexpr double kChecked = 1.5;
  static constexpr double kPlain = 1.0;
  static constexpr double kWrong = 0.25;
};

struct Vote {
  std::string result;
  double weight = Weights::kPlain;
};

class Tally {
 public:
  void add(Vote vote) { votes_.push_back(std::move(vote)); }

  struct Standing {
    std::string result;
    double weight = 0;
    size_t votes = 0;
  };
  // By weight, the heaviest first; of equals what has more votes, then what came first.
  std::vector<Standing> standings() const;
  size_t votes() const { return votes_.size(); }

  // What enough agree on: at least kLeastVotes, who weigh kLeastWeight and kEnough of all weight
  // that was given.
  std::optional<Standing> decided() const;

  static constexpr size_t kLeastVotes = 3;
  static constexpr double kLeastWeight = 2;
  static constexpr double kEnough = 0.6;

 private:
  std::vector<Vote> votes_;
};

}  // namespace helicon::agents
