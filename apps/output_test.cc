#include "output.h"

#include <gtest/gtest.h>

namespace helicon::apps {
namespace {

TEST(Printable, ShowsWhatWouldSteerATerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\u241b[2Jb");
  EXPECT_EQ(printable("\x7f"), "\u2421");
  EXPECT_EQ(printable("\u009b2J"), "\ufffd2J");  // the one-character form of ESC [
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\u2400");
}

TEST(Printable, KeepsTextAndLayout) {
  EXPECT_EQ(printable("line\n\tπ 漢字 🙂 \u00a0é"), "line\n\tπ 漢字 🙂 \u00a0é");
  EXPECT_EQ(printable("two\nlines", true), "two\u240alines");
}

TEST(ReadableBytes, CountsAsShopsDo) {
  EXPECT_EQ(readable_bytes(0), "0 B");
  EXPECT_EQ(readable_bytes(999), "999 B");
  EXPECT_EQ(readable_bytes(1000), "1 kB");
  EXPECT_EQ(readable_bytes(999'600), "1.0 MB");
  EXPECT_EQ(readable_bytes(98'362'432), "98 MB");
  EXPECT_EQ(readable_bytes(1'117'320'768), "1.1 GB");
  EXPECT_EQ(readable_bytes(450e9), "450 GB");
}

}  // namespace
}  // namespace helicon::apps
