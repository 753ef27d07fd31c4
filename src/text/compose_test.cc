#include "text/compose.h"

#include <gtest/gtest.h>

namespace helicon::text {
namespace {

TEST(Compose, LettersAndMarksBecomeOneCharacter) {
  EXPECT_EQ(compose("e\xCC\x81t\xC3\xA9"), "\xC3\xA9t\xC3\xA9");               // U+0065 U+0301
  EXPECT_EQ(compose("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"), "\xED\x95\x9C");  // jamo to 한
  EXPECT_EQ(compose("\xE2\x84\xAB"), "\xC3\x85");                              // U+212B to U+00C5
}

TEST(Compose, MarksAreOrderedByClassAndStayInOrderWithinOne) {
  // U+0301 is above (230), U+0323 below (220): below goes first.
  EXPECT_EQ(compose("q\xCC\x81\xCC\xA3"), "q\xCC\xA3\xCC\x81");
  EXPECT_EQ(compose("q\xCC\x81\xCC\x80"), "q\xCC\x81\xCC\x80");
}

TEST(Compose, ExcludedCompositionsStayApart) {
  // U+0958 decomposes to U+0915 U+093C and may not be composed again.
  EXPECT_EQ(compose("\xE0\xA5\x98"), "\xE0\xA4\x95\xE0\xA4\xBC");
}

TEST(Compose, BrokenBytesStayAndNothingComposesAcrossThem) {
  EXPECT_EQ(compose("e\xFF\xCC\x81"), "e\xFF\xCC\x81");
  EXPECT_EQ(compose("e\xCC\x81\xE6\x88"), "\xC3\xA9\xE6\x88");
  EXPECT_EQ(compose("\xED\xA0\x80"), "\xED\xA0\x80");
}

TEST(Compose, TextThatIsComposedStaysAsItIs) {
  EXPECT_EQ(compose(""), "");
  EXPECT_EQ(compose("plain caf\xC3\xA9"), "plain caf\xC3\xA9");
  EXPECT_EQ(compose("\xE6\x88\x91"), "\xE6\x88\x91");
}

TEST(Compose, AMillionMarksInTheWrongOrderAreNoProblem) {
  std::string text = "a", ordered = "a";
  constexpr int count = 500'000;
  for (int i = 0; i < count; ++i) text += "\xCC\x8D\xCC\xA9";  // U+030D above, U+0329 below
  for (int i = 0; i < count; ++i) ordered += "\xCC\xA9";
  for (int i = 0; i < count; ++i) ordered += "\xCC\x8D";
  EXPECT_TRUE(compose(text) == ordered);
}

}  // namespace
}  // namespace helicon::text
