#include "text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include "text/unicode_updates.h"

namespace helicon::text {
namespace {

std::vector<std::string> pieces(std::string_view name, std::string_view text) {
  const Result<PreTokenizer> pre_tokenizer = PreTokenizer::create(name);
  if (!pre_tokenizer) return {pre_tokenizer.error().message};
  const Result<std::vector<size_t>> ends = pre_tokenizer->split(text);
  if (!ends) return {ends.error().message};
  std::vector<std::string> cut;
  size_t begin = 0;
  for (const size_t end : *ends) {
    cut.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  EXPECT_EQ(begin, text.size());
  return cut;
}

using Pieces = std::vector<std::string>;

TEST(PreTokenizer, WordsTakeTheSpaceBeforeThem) {
  EXPECT_EQ(pieces("gpt-2", "Hello  world, it's 2024!"),
            (Pieces{"Hello", " ", " world", ",", " it", "'s", " 2024", "!"}));
  EXPECT_EQ(pieces("gpt-2", ""), Pieces{});
}

TEST(PreTokenizer, TheFamiliesDifferInDigits) {
  const std::string_view text = "x 1234567";
  EXPECT_EQ(pieces("gpt-2", text), (Pieces{"x", " 1234567"}));
  EXPECT_EQ(pieces("smollm", text), (Pieces{"x", " ", "1", "2", "3", "4", "5", "6", "7"}));
  EXPECT_EQ(pieces("qwen2", text), (Pieces{"x", " ", "1", "2", "3", "4", "5", "6", "7"}));
  EXPECT_EQ(pieces("llama-bpe", text), (Pieces{"x", " ", "123", "456", "7"}));
  EXPECT_EQ(pieces("default", text), (Pieces{"x", " ", "123", "456", "7"}));
}

TEST(PreTokenizer, ContractionsOfAnyCaseWhereTheRuleSaysSo) {
  EXPECT_EQ(pieces("qwen2", "IT'S"), (Pieces{"IT", "'S"}));
  EXPECT_EQ(pieces("gpt-2", "IT'S"), (Pieces{"IT", "'", "S"}));
  // U+017F, the long s, folds to s.
  EXPECT_EQ(pieces("qwen2", "it'\xC5\xBFx"), (Pieces{"it", "'\xC5\xBF", "x"}));
}

TEST(PreTokenizer, TekkenCutsWhereCaseFalls) {
  EXPECT_EQ(pieces("tekken", "camelCase HTTPServer"), (Pieces{"camel", "Case", " HTTPServer"}));
}

TEST(PreTokenizer, StrayBytesAreCutLikeReplacementCharactersAndKept) {
  EXPECT_EQ(pieces("gpt-2", "a\xFF\xFE b"), (Pieces{"a", "\xFF\xFE", " b"}));
  EXPECT_EQ(pieces("gpt-2", "\xE2\x82 \xC3"), (Pieces{"\xE2\x82", " \xC3"}));
  EXPECT_EQ(pieces("smollm",
                   "1\xED\xA0\x80"
                   "2"),
            (Pieces{"1", "\xED\xA0\x80", "2"}));
}

TEST(PreTokenizer, UnicodeIsNewerThanTheLibrary) {
  // U+31350 is a letter since Unicode 15; U+180E is no space since 6.3.
  EXPECT_EQ(stand_in_for(U'\U00031350'), U'\U00010000');
  EXPECT_EQ(stand_in_for(U'a'), U'a');
  EXPECT_EQ(pieces("gpt-2", "a\xF0\xB1\x8D\x90z"), (Pieces{"a\xF0\xB1\x8D\x90z"}));
  EXPECT_EQ(pieces("gpt-2", "-\xE1\xA0\x8E-"), (Pieces{"-\xE1\xA0\x8E-"}));
}

TEST(PreTokenizer, OnlyTheNormalFormOfTheModelIsMade) {
  EXPECT_EQ(PreTokenizer::create("qwen2")->normalize("e\xCC\x81"), "\xC3\xA9");
  EXPECT_EQ(PreTokenizer::create("smollm")->normalize("e\xCC\x81"), "e\xCC\x81");
}

TEST(PreTokenizer, UnknownNamesAreNamed) {
  const Result<PreTokenizer> unknown = PreTokenizer::create("no-such");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, ErrorCode::unsupported);
  EXPECT_EQ(unknown.error().message, "tokenizer.ggml.pre: unknown pre-tokenizer 'no-such'");
}

// Whatever the text, time grows with its length: a quadratic rule would take hours here.
TEST(PreTokenizer, LongRunsAreNoProblem) {
  for (const std::string_view name : {"gpt-2", "smollm", "qwen2", "llama-bpe", "default", "tekken",
                                      "gpt-4o", "deepseek-llm", "deepseek-coder", "qwen35"}) {
    for (const std::string_view unit : {"a", "A", " ", "\n", " \n", "=", "'", "\xCC\x81"}) {
      std::string text;
      while (text.size() < 400'000) text += unit;
      EXPECT_GT(pieces(name, text).size(), 0u);
      text += "\xE6\x88\x91";  // a letter without case ends the run
      EXPECT_GT(pieces(name, text).size(), 0u);
    }
  }
}

}  // namespace
}  // namespace helicon::text
