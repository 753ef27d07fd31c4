#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include "text/test_vocabularies.h"

namespace helicon::text {
namespace {

using Ids = std::vector<TokenId>;
const std::string mark = "\xE2\x96\x81";  // U+2581

std::shared_ptr<const Tokenizer> make(const TestVocabulary& vocabulary) {
  auto tokenizer = Tokenizer::create(vocabulary.metadata());
  EXPECT_TRUE(tokenizer.ok()) << (tokenizer.ok() ? "" : tokenizer.error().message);
  return *tokenizer;
}

Ids encode(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {}) {
  const auto ids = tokenizer.encode(text, options);
  EXPECT_TRUE(ids.ok());
  return ids.ok() ? *ids : Ids{};
}

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  for (int i = 255; i >= 0; --i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

TEST(ByteLevel, MergesGoByRankAndFromTheLeft) {
  TestVocabulary vocabulary = TestVocabulary::byte_level("gpt-2");
  vocabulary.merge("b", "c");   // 256, before
  vocabulary.merge("a", "b");   // 257
  vocabulary.merge("a", "a");   // 258
  vocabulary.merge("aa", "a");  // 259
  vocabulary.merge("a", "bc");  // 260
  const auto tokenizer = make(vocabulary);
  EXPECT_EQ(encode(*tokenizer, "abc"), (Ids{260}));
  EXPECT_EQ(encode(*tokenizer, "ab"), (Ids{257}));
  EXPECT_EQ(encode(*tokenizer, "aaaaa"), (Ids{258, 259}));  // aa|aa|a, then aa|aaa
  EXPECT_EQ(encode(*tokenizer, "abcab"), (Ids{260, 257}));
  EXPECT_EQ(encode(*tokenizer, ""), Ids{});
}

TEST(ByteLevel, MergesDoNotCrossPieces) {
  TestVocabulary vocabulary = TestVocabulary::byte_level("gpt-2");
  vocabulary.merge("a", "1");
  EXPECT_EQ(encode(*make(vocabulary), "a1"), (Ids{'a', '1'}));
}

TEST(ByteLevel, KnownPiecesStayWholeWhereTheRuleSaysSo) {
  TestVocabulary llama = TestVocabulary::byte_level("llama-bpe");
  llama.merge("a", "b");
  const TokenId whole = llama.add("abc");
  EXPECT_EQ(encode(*make(llama), "abc"), Ids{whole});
  TestVocabulary gpt2 = TestVocabulary::byte_level("gpt-2");
  gpt2.merge("a", "b");
  gpt2.add("abc");
  EXPECT_EQ(encode(*make(gpt2), "abc"), (Ids{256, 'c'}));
}

TEST(ByteLevel, AnyBytesComeBack) {
  const auto tokenizer = make(TestVocabulary::byte_level("qwen2"));
  EXPECT_EQ(tokenizer->decode(encode(*tokenizer, all_bytes()), false), all_bytes());
}

TEST(ByteLevel, ABytesThatTheVocabularyLacksIsLeftOutAndItsNeighboursMerge) {
  TestVocabulary vocabulary("gpt2");
  vocabulary.set("tokenizer.ggml.pre", std::string("gpt-2"));
  vocabulary.add("-");
  vocabulary.merge("-", "-");
  const auto tokenizer = make(vocabulary);
  EXPECT_EQ(encode(*tokenizer, "-\x04-"), Ids{1});
  EXPECT_EQ(encode(*tokenizer, "\x04"), Ids{});
}

TEST(ByteLevel, NormalizingIsAskedForAndOnlyWhereTheModelWasTrainedSo) {
  const auto qwen = make(TestVocabulary::byte_level("qwen2"));
  EXPECT_EQ(encode(*qwen, "e\xCC\x81"), (Ids{'e', 0xCC, 0x81}));
  EXPECT_EQ(encode(*qwen, "e\xCC\x81", {.normalize = true}), (Ids{0xC3, 0xA9}));
  const auto smollm = make(TestVocabulary::byte_level("smollm"));
  EXPECT_EQ(encode(*smollm, "e\xCC\x81", {.normalize = true}), (Ids{'e', 0xCC, 0x81}));
}

TEST(AddedTokensInText, SpecialOnesWhenAskedForUserDefinedOnesAlways) {
  TestVocabulary vocabulary = TestVocabulary::byte_level("gpt-2");
  const TokenId special = vocabulary.add("<s>", TokenKind::control);
  const TokenId defined = vocabulary.add("<t>", TokenKind::user_defined);
  const auto tokenizer = make(vocabulary);
  EXPECT_EQ(encode(*tokenizer, "a<s><t>b"), (Ids{'a', '<', 's', '>', defined, 'b'}));
  EXPECT_EQ(encode(*tokenizer, "a<s><t>b", {.parse_special = true}),
            (Ids{'a', special, defined, 'b'}));
  EXPECT_TRUE(tokenizer->is_special(special));
  EXPECT_FALSE(tokenizer->is_special(defined));
  EXPECT_EQ(tokenizer->decode({special, defined, 'b'}, false), "<s><t>b");
  EXPECT_EQ(tokenizer->decode({special, defined, 'b'}, true), "<t>b");
  EXPECT_EQ(tokenizer->find("<s>"), special);
}

TEST(AddedTokensInText, UserDefinedOnesStandForTheirTextNotForTheAlphabet) {
  TestVocabulary vocabulary = TestVocabulary::byte_level("gpt-2");
  const TokenId defined = vocabulary.add("\xC3\xBC", TokenKind::user_defined);  // ü, the byte 0xFC
  const auto tokenizer = make(vocabulary);
  EXPECT_EQ(encode(*tokenizer, "\xC3\xBC"), Ids{defined});
  EXPECT_EQ(tokenizer->token_bytes(defined), "\xC3\xBC");
}

TEST(AddedTokensInText, PaddingOfTheTableIsNothing) {
  TestVocabulary vocabulary = TestVocabulary::byte_level("gpt-2");
  const TokenId padding = vocabulary.add("[PAD0]", TokenKind::unused);
  const auto tokenizer = make(vocabulary);
  EXPECT_EQ(encode(*tokenizer, "[PAD0]", {.parse_special = true}).size(), 6u);
  EXPECT_EQ(tokenizer->token_bytes(padding), "");
}

TEST(BeginAndEnd, AreAddedAsTheFileSaysAndOnlyWhenAskedFor) {
  TestVocabulary vocabulary = TestVocabulary::byte_level("gpt-2");
  const TokenId begin = vocabulary.add("<s>", TokenKind::control);
  const TokenId end = vocabulary.add("</s>", TokenKind::control);
  vocabulary.set("tokenizer.ggml.bos_token_id", static_cast<uint64_t>(begin));
  vocabulary.set("tokenizer.ggml.eos_token_id", static_cast<uint64_t>(end));
  EXPECT_EQ(encode(*make(vocabulary), "a", {.add_special = true}), (Ids{'a'}));
  vocabulary.set("tokenizer.ggml.add_bos_token", true);
  vocabulary.set("tokenizer.ggml.add_eos_token", true);
  EXPECT_EQ(encode(*make(vocabulary), "a", {.add_special = true}), (Ids{begin, 'a', end}));
  EXPECT_EQ(encode(*make(vocabulary), "a"), (Ids{'a'}));
}

TEST(BeginAndEnd, SomeFamiliesBeginWithoutBeingTold) {
  TestVocabulary llama = TestVocabulary::byte_level("llama-bpe");
  llama.set("tokenizer.ggml.bos_token_id", uint64_t{5});
  EXPECT_EQ(encode(*make(llama), "a", {.add_special = true}), (Ids{5, 'a'}));
  llama.set("tokenizer.ggml.add_bos_token", false);
  EXPECT_EQ(encode(*make(llama), "a", {.add_special = true}), (Ids{'a'}));
  EXPECT_EQ(encode(*make(TestVocabulary::sentencepiece()), "", {.add_special = true}), (Ids{1}));
}

TEST(SentencePiece, TheBestScoreGoesFirst) {
  TestVocabulary vocabulary = TestVocabulary::sentencepiece();
  vocabulary.set("tokenizer.ggml.add_space_prefix", false);
  const TokenId a = vocabulary.add("a", TokenKind::normal, -9);
  const TokenId b = vocabulary.add("b", TokenKind::normal, -9);
  const TokenId c = vocabulary.add("c", TokenKind::normal, -9);
  const TokenId ab = vocabulary.add("ab", TokenKind::normal, -2);
  const TokenId bc = vocabulary.add("bc", TokenKind::normal, -1);
  const TokenId aa = vocabulary.add("aa", TokenKind::normal, -3);
  const auto tokenizer = make(vocabulary);
  EXPECT_EQ(encode(*tokenizer, "abc"), (Ids{a, bc}));
  EXPECT_EQ(encode(*tokenizer, "cab"), (Ids{c, ab}));
  EXPECT_EQ(encode(*tokenizer, "aaa"), (Ids{aa, a}));
  EXPECT_EQ(encode(*tokenizer, "bb"), (Ids{b, b}));
}

TEST(SentencePiece, WhatHasNoPieceIsSpelledInBytes) {
  const auto tokenizer = make(TestVocabulary::sentencepiece());
  EXPECT_EQ(encode(*tokenizer, "\xE6\x88\x91"),
            (Ids{3 + 0xE2, 3 + 0x96, 3 + 0x81, 3 + 0xE6, 3 + 0x88, 3 + 0x91}));
}

TEST(SentencePiece, ASpaceIsPutInFrontAndTakenAwayAgain) {
  TestVocabulary vocabulary = TestVocabulary::sentencepiece();
  const TokenId space = vocabulary.add(mark, TokenKind::normal, -9);
  const TokenId word = vocabulary.add(mark + "a", TokenKind::normal, -1);
  const TokenId a = vocabulary.add("a", TokenKind::normal, -9);
  const auto tokenizer = make(vocabulary);
  EXPECT_EQ(encode(*tokenizer, "a"), Ids{word});
  EXPECT_EQ(encode(*tokenizer, " a"), (Ids{space, word}));
  EXPECT_EQ(encode(*tokenizer, "aa<s>a", {.parse_special = true}), (Ids{word, a, 1, word}));
  EXPECT_EQ(encode(*tokenizer, ""), Ids{});
  for (const std::string_view text : {"a", " a", "  a ", "aa<s>a", "<s> a", ""}) {
    EXPECT_EQ(tokenizer->decode(encode(*tokenizer, text, {.parse_special = true}), false), text);
  }
}

TEST(SentencePiece, UserDefinedTokensAreCutOutFirstHoweverTheySpellSpaces) {
  for (const std::string& spelling : {std::string("  "), mark + mark}) {
    TestVocabulary vocabulary = TestVocabulary::sentencepiece();
    vocabulary.set("tokenizer.ggml.add_space_prefix", false);
    const TokenId two = vocabulary.add(spelling, TokenKind::user_defined);
    const TokenId one = vocabulary.add(mark, TokenKind::normal, -1);
    const auto tokenizer = make(vocabulary);
    EXPECT_EQ(encode(*tokenizer, "     "), (Ids{two, two, one}));
    EXPECT_EQ(encode(*tokenizer, mark + " "), Ids{two});
    EXPECT_EQ(tokenizer->token_bytes(two), "  ");
  }
}

TEST(SentencePiece, TextNeverSpellsMarkersOrByteTokens) {
  TestVocabulary vocabulary = TestVocabulary::sentencepiece();
  vocabulary.set("tokenizer.ggml.add_space_prefix", false);
  for (const char* piece : {"<", "s", ">", "<s"}) vocabulary.add(piece, TokenKind::normal, -1);
  EXPECT_EQ(encode(*make(vocabulary), "<s>"), (Ids{262, 261}));
}

TEST(SentencePiece, AnyBytesComeBack) {
  TestVocabulary vocabulary = TestVocabulary::sentencepiece();
  vocabulary.add(mark);
  const auto tokenizer = make(vocabulary);
  EXPECT_EQ(tokenizer->decode(encode(*tokenizer, all_bytes()), false), all_bytes());
}

// A million of the same character: quadratic merging would take hours.
TEST(LongTexts, TakeNoTimeToSpeakOf) {
  TestVocabulary bytes = TestVocabulary::byte_level("gpt-2");
  TestVocabulary pieces = TestVocabulary::sentencepiece();
  pieces.add(mark);
  std::string run = "a";
  pieces.add(run);
  for (int i = 0; i < 6; ++i) {
    bytes.merge(run, run);
    run += run;
    pieces.add(run, TokenKind::normal, -i);
  }
  const std::string text(1 << 20, 'a');
  for (const auto& tokenizer : {make(bytes), make(pieces)}) {
    const Ids ids = encode(*tokenizer, text);
    EXPECT_LE(ids.size(), text.size() / 64 + 4);
    EXPECT_TRUE(tokenizer->decode(ids, false) == text);
  }
}

TEST(LongTexts, HaveALimit) {
  const auto tokenizer = make(TestVocabulary::byte_level("gpt-2"));
  const auto result = tokenizer->encode(std::string((16u << 20) + 1, 'a'), {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace helicon::text
