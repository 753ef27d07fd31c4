#include "eval_statistics.h"

#include <algorithm>
#include <cmath>

namespace helicon::apps {
namespace {

constexpr double kZ = 1.959963984540054;  // of 95 %, two-sided

double share(size_t part, size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Interval wilson(size_t successes, size_t tried) {
  if (tried == 0) return {0, 1};
  const auto n = static_cast<double>(tried);
  const double p = share(successes, tried), z2 = kZ * kZ;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

double Pairs::difference() const { return share(only_second, all()) - share(only_first, all()); }

Interval interval_of(const Pairs& pairs) {
  const size_t n = pairs.all();
  if (n == 0) return {-1, 1};
  const size_t first = pairs.both + pairs.only_first, second = pairs.both + pairs.only_second;
  const double p1 = share(first, n), p2 = share(second, n);
  const Interval one = wilson(first, n), two = wilson(second, n);
  // The correlation of the two, with Newcombe's correction for continuity.
  const auto a = static_cast<double>(pairs.both), b = static_cast<double>(pairs.only_first),
             c = static_cast<double>(pairs.only_second), d = static_cast<double>(pairs.neither);
  const double product = (a + b) * (c + d) * (a + c) * (b + d);
  double correlation = 0;
  if (product > 0) {
    double top = a * d - b * c;
    if (top > 0) top = std::max(top - static_cast<double>(n) / 2, 0.0);
    correlation = top / std::sqrt(product);
  }
  const auto half = [&](double u, double v) {
    return std::sqrt(std::max(0.0, u * u - 2 * correlation * u * v + v * v));
  };
  const double difference = p2 - p1;
  return {difference - half(p2 - two.low, one.high - p1),
          difference + half(two.high - p2, p1 - one.low)};
}

double mcnemar(const Pairs& pairs) {
  const size_t n = pairs.only_first + pairs.only_second;
  if (n == 0) return 1;
  const size_t less = std::min(pairs.only_first, pairs.only_second);
  const auto whole = static_cast<double>(n);
  double sum = 0;
  for (size_t k = 0; k <= less; ++k) {
    const auto part = static_cast<double>(k);
    sum += std::exp(std::lgamma(whole + 1) - std::lgamma(part + 1) - std::lgamma(whole - part + 1) -
                    whole * std::log(2.0));
  }
  return std::min(1.0, 2 * sum);
}

double quantile(std::vector<double> values, double at) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = at * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace helicon::apps
