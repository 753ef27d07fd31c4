// What may be concluded from so many problems solved.
#pragma once

#include <cstddef>
#include <vector>

namespace helicon::apps {

struct Interval {
  double low = 0;
  double high = 0;
};

// Of a share of successes, at 95 %: Wilson's score interval (Journal of the American Statistical
// Association 22, 1927). [0, 1] where nothing was tried.
Interval wilson(size_t successes, size_t tried);

// Two runs on the same problems.
struct Pairs {
  size_t both = 0;
  size_t only_first = 0;
  size_t only_second = 0;
  size_t neither = 0;

  size_t all() const { return both + only_first + only_second + neither; }
  double difference() const;  // second minus first, as a share
};

// Of the difference, at 95 %: Newcombe's square-and-add interval for paired shares (Statistics in
// Medicine 17, 1998, method 10).
Interval interval_of(const Pairs& pairs);

// The exact two-sided p of McNemar's test: how likely so unequal a split of the problems that only
// one run solved is, where both are as good.
double mcnemar(const Pairs& pairs);

// Of sorted or unsorted values, between neighbours where it falls there; 0 of none. `share` 0.5 is
// the median.
double quantile(std::vector<double> values, double share);

}  // namespace helicon::apps
