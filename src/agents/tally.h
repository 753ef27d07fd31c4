// The votes of agents whose results can be compared.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace helicon::agents {

// What a result weighs, by how often such results were right (docs/evaluation.md): one whose
// solution has equations that all hold most often, one with an equation that does not hold hardly
// ever.
struct Weights {
  static constexpr double kChecked = 1.0;     // recalculated, or where nothing can be
  static constexpr double kProgram = 0.75;    // that programs much alike may print
  static constexpr double kUnchecked = 0.25;  // without an equation to recalculate
  static constexpr double kWrong = 0.05;
};

struct Vote {
  std::string result;
  double weight = Weights::kChecked;
};

class Tally {
 public:
  // Of two agents both have to agree.
  explicit Tally(size_t agents) : least_(std::min(agents, kLeastVotes)) {}

  void add(Vote vote) { votes_.push_back(std::move(vote)); }

  struct Standing {
    std::string result;
    double weight = 0;
    size_t votes = 0;
  };
  // By weight, the heaviest first; of equals what has more votes, then what came first.
  std::vector<Standing> standings() const;
  size_t votes() const { return votes_.size(); }

  // What enough agree on: at least kLeastVotes, or all where there are fewer agents, who weigh as
  // much as kLeastWeight of the heaviest, or as much less, and kEnough of all weight given.
  std::optional<Standing> decided() const;

  static constexpr size_t kLeastVotes = 3;
  static constexpr double kLeastWeight = 2.5;  // of kLeastVotes
  static constexpr double kEnough = 0.6;

 private:
  size_t least_;
  std::vector<Vote> votes_;
};

}  // namespace helicon::agents
