#include "agents/tally.h"

#include <gtest/gtest.h>

namespace helicon::agents {
namespace {

TEST(Tally, OrdersByWeightThenByVotesThenByTime) {
  Tally tally(8);
  EXPECT_TRUE(tally.standings().empty());
  EXPECT_FALSE(tally.decided());
  tally.add({"a", 1});
  tally.add({"b", 2});
  tally.add({"c", 1});
  tally.add({"c", 1});
  auto standings = tally.standings();
  ASSERT_EQ(standings.size(), 3u);
  EXPECT_EQ(standings[0].result, "c");  // as heavy as b, but of two
  EXPECT_EQ(standings[0].votes, 2u);
  EXPECT_EQ(standings[1].result, "b");
  tally.add({"a", 1.5});
  standings = tally.standings();
  EXPECT_EQ(standings[0].result, "a");
  EXPECT_EQ(tally.votes(), 5u);
}

TEST(Tally, DecidesWhatEnoughAgreeOn) {
  Tally tally(8);
  tally.add({"a", 9});
  tally.add({"a", 9});
  EXPECT_FALSE(tally.decided());  // two are too few, whatever they weigh
  tally.add({"a", 5});
  ASSERT_TRUE(tally.decided());
  EXPECT_EQ(tally.decided()->result, "a");

  Tally wrong(8);  // however many, beside one that was checked
  wrong.add({"b", 1});
  for (int i = 0; i < 6; ++i) wrong.add({"a", 0.25});
  EXPECT_FALSE(wrong.decided());

  Tally unchecked(8);  // all alike
  for (int i = 0; i < 3; ++i) unchecked.add({"a", 0.25});
  EXPECT_TRUE(unchecked.decided());

  Tally close(8);
  for (int i = 0; i < 3; ++i) close.add({"a", 1});
  close.add({"b", 1});
  close.add({"c", 1});
  EXPECT_TRUE(close.decided());  // three of five
  close.add({"b", 0.5});
  EXPECT_FALSE(close.decided());
}

TEST(Tally, OfTwoAgentsBothHaveToAgree) {
  Tally tally(2);
  tally.add({"4", Weights::kProgram});
  EXPECT_FALSE(tally.decided());
  tally.add({"4", Weights::kChecked});
  ASSERT_TRUE(tally.decided());
  EXPECT_EQ(tally.decided()->result, "4");
  tally.add({"5", Weights::kChecked});  // of another round
  tally.add({"5", Weights::kChecked});
  EXPECT_FALSE(tally.decided());
}

}  // namespace
}  // namespace helicon::agents
