#include "text/vocabulary.h"

#include <gtest/gtest.h>

#include <limits>

#include "text/test_vocabularies.h"

namespace helicon::text {
namespace {

std::string complaint(const TestVocabulary& vocabulary) {
  const auto tokenizer = Tokenizer::create(vocabulary.metadata());
  return tokenizer.ok() ? "none" : tokenizer.error().message;
}

TEST(Vocabulary, WhatEndsGenerationIsNamedByTheFileOrKnown) {
  TestVocabulary file = TestVocabulary::byte_level("gpt-2");
  const TokenId turn = file.add("<|im_end|>", TokenKind::normal);  // some files forget to mark it
  const TokenId message = file.add("<|eom_id|>", TokenKind::control);
  const TokenId end = file.add("STOP", TokenKind::control);
  const TokenId other = file.add("<|im_start|>", TokenKind::control);
  const TokenId not_an_end = file.add("<|eom|>", TokenKind::control);
  file.set("tokenizer.ggml.eos_token_id", static_cast<uint64_t>(end));
  const auto vocabulary = Vocabulary::read(file.metadata());
  ASSERT_TRUE(vocabulary.ok());
  for (const TokenId id : {turn, message, end})
    EXPECT_TRUE(vocabulary->ends_generation[static_cast<size_t>(id)]);
  for (const TokenId id : {other, not_an_end, TokenId{'a'}}) {
    EXPECT_FALSE(vocabulary->ends_generation[static_cast<size_t>(id)]);
  }
  EXPECT_EQ(vocabulary->kind(turn), TokenKind::control);
}

TEST(Vocabulary, EveryEndThatTheFileNamesCounts) {
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                          "tokenizer.ggml.eom_token_id"}) {
    TestVocabulary file = TestVocabulary::byte_level("gpt-2");
    file.set(key, uint64_t{7});
    EXPECT_TRUE(Vocabulary::read(file.metadata())->ends_generation[7]) << key;
  }
}

TEST(Vocabulary, LiesAreNamed) {
  const auto with = [](const std::string& key, weights::MetadataValue value) {
    TestVocabulary vocabulary = TestVocabulary::byte_level("gpt-2");
    vocabulary.set(key, std::move(value));
    return complaint(vocabulary);
  };
  EXPECT_EQ(with("tokenizer.ggml.eos_token_id", uint64_t{256}),
            "tokenizer.ggml.eos_token_id: 256 is past the last of 256 tokens");
  EXPECT_EQ(with("tokenizer.ggml.bos_token_id", uint64_t{0xFFFFFFFFFFFFFFFF}),
            "tokenizer.ggml.bos_token_id: 18446744073709551615 is past the last of 256 tokens");
  EXPECT_EQ(with("tokenizer.ggml.token_type", std::vector<int64_t>{1, 1}),
            "tokenizer.ggml.token_type: 2 entries for 256 tokens");
  EXPECT_EQ(with("tokenizer.ggml.token_type", std::vector<int64_t>(256, 9)),
            "tokenizer.ggml.token_type: no such type as 9 (token 0)");
  EXPECT_EQ(with("tokenizer.ggml.scores", std::vector<double>(7, 0.0)),
            "tokenizer.ggml.scores: 7 entries for 256 tokens");
  EXPECT_EQ(with("tokenizer.ggml.scores",
                 std::vector<double>(256, std::numeric_limits<double>::quiet_NaN())),
            "tokenizer.ggml.scores: a score is not a number");
  EXPECT_EQ(with("tokenizer.ggml.tokens", std::vector<std::string>{}),
            "tokenizer.ggml.tokens: no tokens");
  EXPECT_EQ(with("tokenizer.ggml.merges", std::vector<std::string>{"a b", "ab"}),
            "tokenizer.ggml.merges: entry 0 names a token that is not there");
  EXPECT_EQ(with("tokenizer.ggml.merges", std::vector<std::string>{"ab"}),
            "tokenizer.ggml.merges: entry 0 is not a pair");
  EXPECT_EQ(with("tokenizer.ggml.model", std::string("bert")),
            "tokenizer.ggml.model: unknown tokenizer 'bert'");
  EXPECT_EQ(with("tokenizer.ggml.add_bos_token", true),
            "tokenizer.ggml.add_bos_token is true, but tokenizer.ggml.bos_token_id is missing");
  EXPECT_EQ(with("tokenizer.ggml.add_eos_token", true),
            "tokenizer.ggml.add_eos_token is true, but tokenizer.ggml.eos_token_id is missing");
}

TEST(Vocabulary, ByteTokensMustNameAByteAndMarkersMustBeShort) {
  TestVocabulary bytes = TestVocabulary::sentencepiece();
  bytes.add("<0xGG>", TokenKind::byte);
  EXPECT_EQ(complaint(bytes), "tokenizer.ggml.tokens: token 259 names no byte");
  TestVocabulary markers = TestVocabulary::byte_level("gpt-2");
  markers.add(std::string(1025, 'x'), TokenKind::control);
  EXPECT_EQ(complaint(markers),
            "tokenizer.ggml.tokens: special token 256 is longer than 1024 bytes");
}

TEST(Vocabulary, MissingKeysAreNamed) {
  EXPECT_NE(complaint(TestVocabulary("gpt2")).find("tokenizer.ggml.tokens"), std::string::npos);
  TestVocabulary nameless("gpt2");
  nameless.add("a");
  EXPECT_NE(complaint(nameless).find("tokenizer.ggml.pre"), std::string::npos);
  EXPECT_NE(Tokenizer::create({}).error().message.find("tokenizer.ggml.model"), std::string::npos);
}

TEST(Vocabulary, OfEqualTextsTheLowestIdIsFound) {
  TestVocabulary file = TestVocabulary::byte_level("gpt-2");
  file.add("a");
  EXPECT_EQ(Vocabulary::read(file.metadata())->find("a"), 'a');
  EXPECT_EQ(Vocabulary::read(file.metadata())->find("nothing"), std::nullopt);
}

}  // namespace
}  // namespace helicon::text
