#include "runtime/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "kernels/kernel_table.h"

namespace helicon::runtime {
namespace {

// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Uniform in [0, 1), a function of where it is drawn and of nothing else.
double uniform(uint64_t seed, uint64_t choice, int position) {
  const uint64_t bits = mix(mix(mix(seed) ^ choice) ^ static_cast<uint64_t>(position));
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

// All tables give the same bits, so the best will do.
const kernels::KernelTable& kernels() { return *kernels::available_kernels().front(); }

TokenId first_largest(std::span<const float> logits) {
  const float top = kernels().largest(logits.data(), logits.size());
  return static_cast<TokenId>(std::find(logits.begin(), logits.end(), top) - logits.begin());
}

// log of the sum of e^logit, with the largest taken out.
double log_total(std::span<const float> logits) {
  constexpr size_t kAtOnce = 4096;
  std::array<float, kAtOnce> powers;
  const float top = kernels().largest(logits.data(), logits.size());
  double total = 0;
  for (std::span<const float> left = logits; !left.empty();) {
    const size_t count = std::min(left.size(), kAtOnce);
    total += static_cast<double>(kernels().exponentials(left.data(), top, 1, count, powers.data()));
    left = left.subspan(count);
  }
  return top + std::log(total);
}

struct Range {
  const char* name;
  double value, low, high;
  bool open_low;  // low itself is outside
};

}  // namespace

Status validate(const SamplingParameters& p, size_t vocabulary) {
  const Range ranges[] = {
      {"temperature", p.temperature, 0, 1e6, false},
      {"top_k", static_cast<double>(p.top_k), 0, 1e9, false},
      {"top_p", p.top_p, 0, 1, true},
      {"min_p", p.min_p, 0, 1, false},
      {"repetition_penalty", p.repetition_penalty, 0, 1e6, true},
      {"frequency_penalty", p.frequency_penalty, -2, 2, false},
      {"presence_penalty", p.presence_penalty, -2, 2, false},
  };
  for (const Range& range : ranges) {
    const bool inside = range.value <= range.high &&
                        (range.open_low ? range.value > range.low : range.value >= range.low);
    if (!inside)
      return Error{ErrorCode::invalid_argument,
                   fmt::format("{} is {}, expected {} {} and at most {}", range.name, range.value,
                               range.open_low ? "more than" : "at least", range.low, range.high),
                   range.name};
  }
  for (const auto& [token, bias] : p.logit_bias)
    if (token < 0 || static_cast<size_t>(token) >= vocabulary || !std::isfinite(bias))
      return Error{
          ErrorCode::invalid_argument,
          fmt::format(
              "logit_bias: token {} is not in the vocabulary of {}, or its bias is not a number",
              token, vocabulary),
          "logit_bias"};
  return ok_status();
}

bool all_finite(std::span<const float> logits) {
  // Of bits without their sign, infinity's are the least of those that are no number.
  constexpr int32_t kInfinity = 0x7f800000;
  int32_t most = 0;
  for (const float logit : logits)
    most = std::max(most, std::bit_cast<int32_t>(logit) & 0x7fffffff);
  return most < kInfinity;
}

TokenLogprob token_logprob(std::span<const float> logits, TokenId token) {
  return {token, static_cast<float>(logits[static_cast<size_t>(token)] - log_total(logits))};
}

std::vector<TokenLogprob> top_logprobs(std::span<const float> logits, size_t count) {
  std::vector<TokenId> ids(logits.size());
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<TokenId>(i);
  count = std::min(count, ids.size());
  const auto at = [&](TokenId id) { return logits[static_cast<size_t>(id)]; };
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(),
                    [&](TokenId a, TokenId b) { return at(a) != at(b) ? at(a) > at(b) : a < b; });
  const double total = log_total(logits);
  std::vector<TokenLogprob> top;
  for (size_t i = 0; i < count; ++i)
    top.push_back({ids[i], static_cast<float>(at(ids[i]) - total)});
  return top;
}

Sampler::Sampler(SamplingParameters parameters, int choice, std::span<const TokenId> prompt)
    : parameters_(std::move(parameters)), choice_(static_cast<uint64_t>(choice)) {
  if (parameters_.repetition_penalty != 1)
    for (const TokenId token : prompt) ++prompt_counts_[token];
}

void Sampler::accept(TokenId token) { ++answer_counts_[token]; }

void Sampler::adjust(std::vector<float>& logits) const {
  const SamplingParameters& p = parameters_;
  for (const auto& [token, bias] : p.logit_bias) logits[static_cast<size_t>(token)] += bias;
  if (p.repetition_penalty != 1) {
    // Once a token, however often it occurred (Keskar et al.: CTRL, 2019).
    const auto penalise = [&](TokenId token) {
      if (static_cast<size_t>(token) >= logits.size()) return;  // a part of a picture
      float& logit = logits[static_cast<size_t>(token)];
      logit = logit > 0 ? logit / p.repetition_penalty : logit * p.repetition_penalty;
    };
    for (const auto& [token, count] : prompt_counts_) penalise(token);
    for (const auto& [token, count] : answer_counts_)
      if (!prompt_counts_.contains(token)) penalise(token);
  }
  if (p.frequency_penalty != 0 || p.presence_penalty != 0)
    for (const auto& [token, count] : answer_counts_)
      logits[static_cast<size_t>(token)] -=
          static_cast<float>(count) * p.frequency_penalty + p.presence_penalty;
}

TokenId Sampler::sample(std::span<const float> logits, int position) {
  const SamplingParameters& p = parameters_;
  const bool adjusts = !p.logit_bias.empty() || p.repetition_penalty != 1 ||
                       p.frequency_penalty != 0 || p.presence_penalty != 0;
  if (adjusts) {
    adjusted_.assign(logits.begin(), logits.end());
    adjust(adjusted_);
    logits = adjusted_;
  }
  return p.temperature == 0 || p.top_k == 1 ? first_largest(logits) : draw(logits, position);
}

TokenId Sampler::draw(std::span<const float> logits, int position) {
  const SamplingParameters& p = parameters_;
  const float inverse = 1 / p.temperature;
  if (std::isinf(inverse)) return first_largest(logits);
  weigh(logits, inverse);
  double left = uniform(p.seed, choice_, position);
  if (p.top_k == 0 && p.top_p >= 1 && p.min_p == 0) return draw_from_all(left);
  left *= truncate(logits);
  for (const Candidate& candidate : candidates_) {
    left -= static_cast<double>(candidate.weight);
    if (left < 0) return candidate.id;
  }
  return candidates_.back().id;
}

// Fills weights_ with e^((logit - largest) / temperature), and totals_ with the sum of each block.
void Sampler::weigh(std::span<const float> logits, float inverse_temperature) {
  const float top = kernels().largest(logits.data(), logits.size());
  weights_.resize(logits.size());
  totals_.clear();
  for (size_t start = 0; start < logits.size(); start += kWeightBlock)
    totals_.push_back(static_cast<double>(kernels().exponentials(
        logits.data() + start, top, inverse_temperature,
        std::min(kWeightBlock, logits.size() - start), weights_.data() + start)));
}

// The token at `share` of the whole weight, in order of ids: first its block, then itself.
TokenId Sampler::draw_from_all(double share) const {
  double left = share * std::accumulate(totals_.begin(), totals_.end(), 0.0);
  size_t block = 0;
  while (block + 1 < totals_.size() && left >= totals_[block]) left -= totals_[block++];
  // A block's sum is rounded differently from what is subtracted here: the last token that has a
  // weight stands for what is left over.
  const size_t end = std::min((block + 1) * kWeightBlock, weights_.size());
  size_t last = block * kWeightBlock;
  for (size_t id = last; id < end; ++id) {
    if (weights_[id] == 0) continue;
    last = id;
    left -= static_cast<double>(weights_[id]);
    if (left < 0) break;
  }
  return static_cast<TokenId>(last);
}

// Leaves in candidates_ what top_k, top_p and min_p leave, in descending order of logit, the lowest
// id first among equals; gives back their weight.
double Sampler::truncate(std::span<const float> logits) {
  const SamplingParameters& p = parameters_;
  const double all = std::accumulate(totals_.begin(), totals_.end(), 0.0);
  const size_t most = p.top_k > 0 ? static_cast<size_t>(p.top_k) : logits.size();
  // top_p is a share of what top_k leaves, before min_p: with all three, min_p saves no looking.
  const float least = p.top_k == 0 || p.top_p >= 1 ? p.min_p : 0.0f;
  // Few tokens carry nearly all weight: those below a floor are looked at only if the rest does not
  // reach. Nothing below the floor could come before what is above it.
  for (float floor = std::max(least, 1e-3f);; floor = floor > 1e-30f ? floor * 1e-3f : 0.0f) {
    candidates_.clear();
    double reached = 0;
    for (size_t id = 0; id < weights_.size(); ++id) {
      if (weights_[id] < floor) continue;
      candidates_.push_back({static_cast<TokenId>(id), logits[id], weights_[id]});
      reached += static_cast<double>(weights_[id]);
    }
    const double wanted = static_cast<double>(p.top_p) * all;
    if (floor <= least || candidates_.size() >= most ||
        (p.top_p < 1 && p.top_k == 0 && reached > 1.0001 * wanted))
      break;
  }
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  });
  const auto keep = [&](const auto& predicate) {
    double total = 0;
    size_t count = 0;
    while (count < candidates_.size() && (count == 0 || predicate(count, total)))
      total += static_cast<double>(candidates_[count++].weight);
    candidates_.resize(count);
    return total;
  };
  double total = all;
  if (p.top_k > 0) total = keep([&](size_t count, double) { return count < most; });
  if (p.top_p < 1) {
    const double wanted = total * static_cast<double>(p.top_p);
    keep([&](size_t, double reached) { return reached < wanted; });
  }
  return keep([&](size_t count, double) { return candidates_[count].weight >= p.min_p; });
}

}  // namespace helicon::runtime
