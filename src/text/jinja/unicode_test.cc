#include "text/jinja/unicode.h"

#include <gtest/gtest.h>

namespace helicon::text::jinja {
namespace {

TEST(Unicode, FindsTheFirstInvalidByte) {
  EXPECT_EQ(find_invalid_utf8("a\u00e9\u4f60\U0001f600"), std::string_view::npos);
  EXPECT_EQ(find_invalid_utf8("a\x80"), 1u);
  EXPECT_EQ(find_invalid_utf8("\xc3"), 0u) << "cut";
  EXPECT_EQ(find_invalid_utf8("\xc0\x80"), 0u) << "overlong";
  EXPECT_EQ(find_invalid_utf8("\xe0\x80\x80"), 0u) << "overlong";
  EXPECT_EQ(find_invalid_utf8("\xf0\x80\x80\x80"), 0u) << "overlong";
  EXPECT_EQ(find_invalid_utf8("\xed\xa0\x80"), 0u) << "a surrogate";
  EXPECT_EQ(find_invalid_utf8("\xf4\x90\x80\x80"), 0u) << "past U+10FFFF";
  EXPECT_EQ(find_invalid_utf8("ab\xf0\x9f\x98"), 2u) << "cut";
}

TEST(Unicode, EveryCharacterComesBack) {
  for (char32_t character = 0; character <= 0x10FFFF; ++character) {
    if (character == 0xD800) character = 0xE000;
    std::string text;
    append_character(text, character);
    ASSERT_EQ(find_invalid_utf8(text), std::string_view::npos) << static_cast<uint32_t>(character);
    size_t position = 0;
    ASSERT_EQ(next_character(text, position), character);
    ASSERT_EQ(position, text.size());
    ASSERT_EQ(previous_character(text, position), character);
    ASSERT_EQ(position, 0u);
  }
}

TEST(Unicode, CountsCharacters) {
  const std::string_view text = "a\u00e9\u4f60\U0001f600z";
  EXPECT_EQ(count_characters(text), 5u);
  EXPECT_EQ(byte_of_character(text, 0), 0u);
  EXPECT_EQ(byte_of_character(text, 3), 6u);
  EXPECT_EQ(byte_of_character(text, 5), text.size());
}

TEST(Unicode, CaseIsThatOfTheUnicodeStandard) {
  EXPECT_EQ(upper_case("stra\u00dfe \ufb01"), "STRASSE FI");
  EXPECT_EQ(lower_case("\u0391\u03a3 \u0391\u03a3\u0391"), "\u03b1\u03c2 \u03b1\u03c3\u03b1")
      << "the final sigma";
  EXPECT_EQ(lower_case("\u0130"), "i\u0307");
  EXPECT_EQ(title_case("\u01c6 they're"), "\u01c5 They'Re");
  EXPECT_EQ(capitalize("hELLO"), "Hello");
  EXPECT_EQ(swap_case("aB1\u00e9"), "Ab1\u00c9");
}

TEST(Unicode, WhiteSpaceIsPythons) {
  EXPECT_EQ(leading_space(" \t\n\u00a0\u3000\u001ca "), 9u);
  EXPECT_EQ(trailing_space("a\u2028\u0085 "), 6u);
  EXPECT_FALSE(is_space(0x200B)) << "a zero width space is none";
}

TEST(Unicode, Identifiers) {
  EXPECT_TRUE(is_identifier("_a1"));
  EXPECT_TRUE(is_identifier("\u00e9t\u00e9"));
  EXPECT_FALSE(is_identifier("1a"));
  EXPECT_FALSE(is_identifier(""));
  EXPECT_FALSE(is_identifier("a-b"));
}

}  // namespace
}  // namespace helicon::text::jinja
