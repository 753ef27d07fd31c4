#include "multi_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace helicon::apps {
namespace {

// What becomes of the lines typed; fails where the message is complete too early or too late.
std::string message_of(const std::vector<std::string>& lines) {
  MultiLine message;
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(message.add(lines[i]), i + 1 == lines.size()) << lines[i];
  }
  return message.take();
}

TEST(MultiLine, TakesALineAsItIs) {
  EXPECT_EQ(message_of({"hello"}), "hello");
  EXPECT_EQ(message_of({""}), "");
  EXPECT_EQ(message_of({"say \"\"\" twice"}), "say \"\"\" twice");
}

TEST(MultiLine, ReadsFromQuotesToQuotes) {
  EXPECT_EQ(message_of({R"(""")", "one", "", "two", R"(""")"}), "one\n\ntwo\n");
  EXPECT_EQ(message_of({R"("""one)", R"(two""")"}), "one\ntwo");
  EXPECT_EQ(message_of({R"("""one""")"}), "one");
  EXPECT_EQ(message_of({R"("""""")"}), "");
  EXPECT_EQ(message_of({R"(""")", "a \\", R"(""")"}), "a \\\n");
}

TEST(MultiLine, JoinsLinesThatEndInABackslash) {
  EXPECT_EQ(message_of({"one\\", "two\\", "three"}), "one\ntwo\nthree");
  EXPECT_EQ(message_of({"one\\", ""}), "one\n");
}

TEST(MultiLine, TakesPastedLinesInOnePiece) {
  EXPECT_EQ(message_of({"one\ntwo"}), "one\ntwo");
  EXPECT_EQ(message_of({"\"\"\"one\ntwo\"\"\""}), "one\ntwo");  // out of the history
}

TEST(MultiLine, KnowsWhatWasQuotedAndForgetsIt) {
  MultiLine message;
  EXPECT_TRUE(message.add(R"("""/bye""")"));
  EXPECT_TRUE(message.quoted());
  EXPECT_EQ(message.take(), "/bye");
  EXPECT_TRUE(message.add("/bye"));
  EXPECT_FALSE(message.quoted());
}

}  // namespace
}  // namespace helicon::apps
