#include "text/added_tokens.h"

#include <gtest/gtest.h>

#include <array>

namespace helicon::text {
namespace {

AddedTokens tokens(const std::vector<std::string>& texts) {
  AddedTokens added;
  for (size_t i = 0; i < texts.size(); ++i) added.add(texts[i], static_cast<TokenId>(i));
  return added;
}

// Begin, end and id of the match; {0, 0, -1} if there is none.
std::array<int, 3> find(const AddedTokens& added, std::string_view text, size_t from = 0) {
  const auto match = added.find(text, from).value_or(AddedTokens::Match{0, 0, -1});
  return {static_cast<int>(match.begin), static_cast<int>(match.end), match.id};
}

using Match = std::array<int, 3>;

TEST(AddedTokens, TheFirstMatchAndOfThoseTheLongestIsFound) {
  const AddedTokens added = tokens({"ab", "abcd", "bcde", "x"});
  EXPECT_EQ(find(added, "..abcde"), (Match{2, 6, 1}));
  EXPECT_EQ(find(added, "..abcde", 3), (Match{3, 7, 2}));
}

TEST(AddedTokens, ALongerOneThatBreaksOffFallsBackToAShorterOne) {
  const AddedTokens added = tokens({"<|", "<|im_start|>"});
  EXPECT_EQ(find(added, "a<|im_end|>"), (Match{1, 3, 0}));
}

TEST(AddedTokens, NothingIsFoundInTextWithoutThem) {
  const AddedTokens added = tokens({"<|im_end|>"});
  EXPECT_FALSE(added.find("<|im_end|", 0));
  EXPECT_FALSE(added.find("", 0));
  EXPECT_FALSE(added.find("<|im_end|>", 1));
  EXPECT_FALSE(AddedTokens().find("anything", 0));
}

TEST(AddedTokens, OfEqualTextsTheFirstStays) {
  EXPECT_EQ(find(tokens({"<a>", "<a>"}), "<a>"), (Match{0, 3, 0}));
}

}  // namespace
}  // namespace helicon::text
