#include "agents/tally.h"

#include <algorithm>

namespace helicon::agents {

std::vector<Tally::Standing> Tally::standings() const {
  std::vector<Standing> standings;
  for (const Vote& vote : votes_) {
    auto found = std::find_if(standings.begin(), standings.end(),
                              [&](const Standing& one) { return one.result == vote.result; });
    if (found == standings.end()) found = standings.insert(found, {vote.result, 0, 0});
    found->weight += vote.weight;
    ++found->votes;
  }
  std::stable_sort(standings.begin(), standings.end(), [](const Standing& a, const Standing& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.votes > b.votes;
  });
  return standings;
}

std::optional<Tally::Standing> Tally::decided() const {
  std::vector<Standing> standings = this->standings();
  if (standings.empty() || standings[0].votes < least_) return std::nullopt;
  double all = 0, heaviest = 0;
  for (const Vote& vote : votes_) {
    all += vote.weight;
    heaviest = std::max(heaviest, vote.weight);
  }
  const double least = kLeastWeight * heaviest * static_cast<double>(least_) / kLeastVotes;
  if (standings[0].weight < std::max(least, kEnough * all)) return std::nullopt;
  return std::move(standings[0]);
}

}  // namespace helicon::agents
