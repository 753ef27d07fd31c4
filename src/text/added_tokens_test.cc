#include "text/added_tokens.h"

#include <gtest/gtest.h>

namespace helicon::text {
namespace {

AddedTokens tokens(const std::vector<std::string>& texts) {
  AddedTokens added;
  for (size_t i = 0; i < texts.size(); ++i) added.add(texts[i], static_cast<TokenId>(i));
  return added;
}

TEST(AddedTokens, TheFirstMatchAndOfThoseTheLongestIsFound) {
  const AddedTokens added = tokens({"ab", "abcd", "bcde", "x"});
  const auto match = added.find("..abcde", 0);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->begin, 2u);
  EXPECT_EQ(match->end, 6u);
  EXPECT_EQ(match->id, 1);
  EXPECT_EQ(added.find("..abcde", 3)->id, 2);
}

TEST(AddedTokens, ALongerOneThatBreaksOffFallsBackToAShorterOne) {
  const AddedTokens added = tokens({"<|", "<|im_start|>"});
  EXPECT_EQ(added.find("a<|im_end|>", 0)->id, 0);
  EXPECT_EQ(added.find("a<|im_end|>", 0)->end, 3u);
}

TEST(AddedTokens, NothingIsFoundInTextWithoutThem) {
  const AddedTokens added = tokens({"<|im_end|>"});
  EXPECT_FALSE(added.find("<|im_end|", 0));
  EXPECT_FALSE(added.find("", 0));
  EXPECT_FALSE(added.find("<|im_end|>", 1));
  EXPECT_FALSE(AddedTokens().find("anything", 0));
}

TEST(AddedTokens, OfEqualTextsTheFirstStays) {
  EXPECT_EQ(tokens({"<a>", "<a>"}).find("<a>", 0)->id, 0);
}

}  // namespace
}  // namespace helicon::text
