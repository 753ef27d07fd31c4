#include "runtime/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

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

TokenId first_largest(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// log of the sum of e^logit, with the largest taken out.
double log_total(std::span<const float> logits) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double total = 0;
  for (const float logit : logits) total += std::exp(logit - top);
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

// Candidates in descending order of logit, the lowest id first among equals; sorted only as far as
// the truncations look.
TokenId Sampler::draw(std::span<const float> logits, int position) {
  const SamplingParameters& p = parameters_;
  const float top = logits[static_cast<size_t>(first_largest(logits))];
  candidates_.clear();
  // Everything this far below the top has a weight of zero in double precision.
  const float floor = top - 745.0f * p.temperature;
  double total = 0;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (logits[id] < floor) continue;
    const double weight = std::exp((logits[id] - top) / static_cast<double>(p.temperature));
    candidates_.push_back({static_cast<TokenId>(id), logits[id], weight});
    total += weight;
  }
  const auto before = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  };
  const auto total_of = [&](size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; ++i) sum += candidates_[i].weight;
    return sum;
  };
  size_t kept = candidates_.size();
  size_t sorted = 0;
  const auto sort_to = [&](size_t count) {
    count = std::min(count, kept);
    if (count <= sorted) return;
    std::partial_sort(candidates_.begin() + static_cast<std::ptrdiff_t>(sorted),
                      candidates_.begin() + static_cast<std::ptrdiff_t>(count),
                      candidates_.begin() + static_cast<std::ptrdiff_t>(kept), before);
    sorted = count;
  };
  if (p.top_k > 0 && static_cast<size_t>(p.top_k) < kept) {
    sort_to(static_cast<size_t>(p.top_k));
    kept = static_cast<size_t>(p.top_k);
    total = total_of(kept);
  }
  if (p.top_p < 1) {
    const double wanted = total * static_cast<double>(p.top_p);
    double reached = 0;
    size_t count = 0;
    while (count < kept && reached < wanted) {
      if (count == sorted) sort_to(std::max<size_t>(64, 4 * sorted));
      reached += candidates_[count++].weight;
    }
    kept = std::max<size_t>(1, count);
    total = reached;
  }
  if (p.min_p > 0) {
    // The top's weight is 1.
    const auto end = std::partition(
        candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(kept),
        [&](const Candidate& c) { return c.weight >= static_cast<double>(p.min_p); });
    kept = static_cast<size_t>(end - candidates_.begin());
    total = total_of(kept);
  }
  double left = uniform(p.seed, choice_, position) * total;
  for (size_t i = 0; i < kept; ++i) {
    left -= candidates_[i].weight;
    if (left < 0) return candidates_[i].id;
  }
  return candidates_[kept - 1].id;
}

}  // namespace helicon::runtime
