#include "eval_statistics.h"

#include <gtest/gtest.h>

namespace helicon::apps {
namespace {

// Newcombe, "Interval estimation for the difference between independent proportions", 1998, gives
// Wilson's interval of 81 of 263 as 0.2553 to 0.3662, and of 0 of 20 as 0 to 0.1611.
TEST(Wilson, AsPublished) {
  EXPECT_NEAR(wilson(81, 263).low, 0.2553, 5e-5);
  EXPECT_NEAR(wilson(81, 263).high, 0.3662, 5e-5);
  EXPECT_NEAR(wilson(0, 20).low, 0, 1e-12);
  EXPECT_NEAR(wilson(0, 20).high, 0.1611, 5e-5);
  EXPECT_NEAR(wilson(20, 20).low, 1 - 0.1611, 5e-5);
  EXPECT_EQ(wilson(0, 0).high, 1);
}

// The binomial's tail: scipy.stats.binomtest(k, n).pvalue.
TEST(McNemar, IsTheExactOne) {
  EXPECT_NEAR(mcnemar({10, 2, 12, 5}), 0.012939453125, 1e-12);
  EXPECT_NEAR(mcnemar({0, 0, 5, 0}), 0.0625, 1e-12);
  EXPECT_NEAR(mcnemar({0, 20, 45, 0}), 0.0026263768106840, 1e-12);
  EXPECT_EQ(mcnemar({7, 3, 3, 1}), 1);
  EXPECT_EQ(mcnemar({9, 0, 0, 9}), 1);
}

TEST(IntervalOf, HoldsTheDifferenceAndShrinksWithAgreement) {
  const Pairs pairs{43, 4, 12, 41};
  EXPECT_NEAR(pairs.difference(), 0.08, 1e-12);
  const Interval interval = interval_of(pairs);
  EXPECT_LT(interval.low, 0.08);
  EXPECT_GT(interval.high, 0.08);
  EXPECT_LT(interval.high - interval.low, 0.20);
  // The same shares of runs that have nothing to do with each other are told apart less well.
  const Interval apart = interval_of({26, 21, 29, 24});
  EXPECT_GT(apart.high - apart.low, interval.high - interval.low);
  EXPECT_EQ(interval_of({}).low, -1);
}

TEST(Quantile, FallsBetween) {
  EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 2, 3}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({1, 2}, 1), 2);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.95), 7);
  EXPECT_DOUBLE_EQ(quantile({}, 0.5), 0);
}

}  // namespace
}  // namespace helicon::apps
