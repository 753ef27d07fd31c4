#include "agent_lines.h"

#include <gtest/gtest.h>

namespace helicon::apps {
namespace {

using chat::Progress;

Progress about(Progress::Kind kind, int agent = 0) {
  Progress progress;
  progress.kind = kind;
  progress.agent = agent;
  progress.round = 1;
  return progress;
}

TEST(AgentTable, HasALineForEachAgentAndTheAgreement) {
  AgentTable table;
  table.hear(about(Progress::Kind::round));
  for (int agent = 0; agent < 2; ++agent) {
    Progress started = about(Progress::Kind::agent_started, agent);
    started.angle = "step by step";
    table.hear(started);
  }
  Progress wrote = about(Progress::Kind::agent_wrote, 1);
  wrote.text = "first\nand 私は\x1b[2Jlast";
  table.hear(wrote);
  Progress finished = about(Progress::Kind::agent_finished, 0);
  finished.result = "42";
  finished.check = Progress::Check::passed;
  finished.tokens = 107;
  table.hear(finished);
  Progress agreement = about(Progress::Kind::agreement);
  agreement.agreed = agreement.answered = 1;
  agreement.result = "42";
  table.hear(agreement);

  const auto lines = table.lines(80);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], " 1 step by step                 107 42, checked");
  EXPECT_NE(lines[1].find("last"), std::string::npos);
  EXPECT_EQ(lines[1].find('\x1b'), std::string::npos);
  EXPECT_EQ(lines[1].find('\n'), std::string::npos);
  EXPECT_EQ(lines[2], "   round 1: 1 of 1 agree on 42");
  for (const size_t width : {0u, 1u, 10u, 36u, 40u})
    for (const std::string& line : table.lines(width)) EXPECT_LE(line.size(), 4 * width);

  // The next round's agents are others; who still writes is there as before.
  Progress next = about(Progress::Kind::round);
  next.round = 2;
  table.hear(next);
  ASSERT_EQ(table.lines(80).size(), 2u);
  Progress started = about(Progress::Kind::agent_started, 1);
  started.round = 2;
  table.hear(started);
  table.hear(wrote);
  ASSERT_EQ(table.lines(80).size(), 3u);
  EXPECT_NE(table.lines(80)[0].find("last"), std::string::npos);
  EXPECT_EQ(table.lines(80)[1].find("last"), std::string::npos);
}

TEST(AgentTable, WhatItDoesNotKnowIsPassedOver) {
  AgentTable table;
  table.hear(about(Progress::Kind::agent_wrote, 7));
  table.hear(about(Progress::Kind::agent_finished, 7));
  EXPECT_TRUE(table.empty());
  EXPECT_TRUE(table.lines(80).empty());
}

}  // namespace
}  // namespace helicon::apps
