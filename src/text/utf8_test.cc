#include "text/utf8.h"

#include <gtest/gtest.h>

namespace helicon::text {
namespace {

TEST(Utf8, EveryCharacterIsReadAsItWasWritten) {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point < 0xE000) continue;
    std::string text;
    append_utf8(text, code_point);
    const Utf8Step step = first_utf8(text + "x");
    ASSERT_EQ(step.kind, Utf8Step::Kind::valid) << std::hex << static_cast<uint32_t>(code_point);
    ASSERT_EQ(step.bytes, text.size());
    ASSERT_EQ(step.code_point, code_point);
  }
}

TEST(Utf8, SurrogatesOverlongFormsAndLargeNumbersAreNoCharacters) {
  for (const std::string_view text :
       {"\xED\xA0\x80", "\xC0\x80", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\x80", "\xFF"}) {
    EXPECT_EQ(first_utf8(text).kind, Utf8Step::Kind::invalid);
    EXPECT_EQ(first_utf8(text).bytes, 1u);
  }
}

TEST(Utf8, OfABrokenCharacterTheMaximalSubpartIsOnePiece) {
  EXPECT_EQ(first_utf8("\xF0\x9F\x98z").kind, Utf8Step::Kind::invalid);
  EXPECT_EQ(first_utf8("\xF0\x9F\x98z").bytes, 3u);
  EXPECT_EQ(first_utf8("\xE2\x82").kind, Utf8Step::Kind::truncated);
  EXPECT_EQ(first_utf8("\xE2\x82").bytes, 2u);
}

}  // namespace
}  // namespace helicon::text
