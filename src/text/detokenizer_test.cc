#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "text/test_vocabularies.h"
#include "text/tokenizer.h"

namespace helicon::text {
namespace {

std::string from_hexadecimal(std::string_view digits) {
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::shared_ptr<const Tokenizer> make(const TestVocabulary& vocabulary) {
  auto tokenizer = Tokenizer::create(vocabulary.metadata());
  EXPECT_TRUE(tokenizer.ok()) << (tokenizer.ok() ? "" : tokenizer.error().message);
  return *tokenizer;
}

// The id of each byte is its value.
TokenId token_of(char byte) { return static_cast<unsigned char>(byte); }

TEST(Detokenizer, SaysAfterEachByteWhatPythonsIncrementalDecoderSays) {
  const auto tokenizer = make(TestVocabulary::byte_level("gpt-2"));
  std::ifstream golden("tests/golden/utf8_steps.txt");
  size_t sequences = 0;
  for (std::string line; std::getline(golden, line); ++sequences) {
    std::istringstream fields(line);
    std::string bytes, step;
    fields >> bytes;
    fields.ignore(1);
    Detokenizer detokenizer(tokenizer);
    for (const char byte : from_hexadecimal(bytes)) {
      std::getline(fields, step, ',');
      EXPECT_EQ(detokenizer.push(token_of(byte)), from_hexadecimal(step)) << line;
    }
    step.clear();
    std::getline(fields, step, ',');
    EXPECT_EQ(detokenizer.finish(), from_hexadecimal(step)) << line;
  }
  EXPECT_EQ(sequences, 1581u);
}

TEST(Detokenizer, ItDoesNotMatterHowTheBytesAreCutIntoTokens) {
  TestVocabulary vocabulary = TestVocabulary::byte_level("gpt-2");
  std::mt19937 random(5);
  const std::string text = "a\xC3\xA9\xE6\x88\x91\xF0\x9F\x98\x80\xFF z";
  // Every stretch of the text is a token, spelled in the byte alphabet.
  std::vector<std::vector<TokenId>> stretch(text.size());
  for (size_t begin = 0; begin < text.size(); ++begin) {
    std::string spelled;
    for (size_t end = begin; end < text.size(); ++end) {
      append_utf8(spelled, alphabet_character(static_cast<uint8_t>(text[end])));
      stretch[begin].push_back(vocabulary.add(spelled));
    }
  }
  const auto tokenizer = make(vocabulary);
  for (int round = 0; round < 1000; ++round) {
    Detokenizer detokenizer(tokenizer);
    std::string out;
    for (size_t begin = 0; begin < text.size();) {
      const size_t length = 1 + random() % (text.size() - begin);
      out += detokenizer.push(stretch[begin][length - 1]);
      begin += length;
    }
    out += detokenizer.finish();
    ASSERT_EQ(out, "a\xC3\xA9\xE6\x88\x91\xF0\x9F\x98\x80\xEF\xBF\xBD z");
  }
}

TEST(Detokenizer, ASpecialTokenInsideACharacterIsSkippedOrBreaksIt) {
  TestVocabulary vocabulary = TestVocabulary::byte_level("gpt-2");
  const TokenId mark = vocabulary.add("<|mark|>", TokenKind::control);
  const auto tokenizer = make(vocabulary);
  Detokenizer skipping(tokenizer);
  EXPECT_EQ(skipping.push(0xC3), "");
  EXPECT_EQ(skipping.push(mark), "");
  EXPECT_EQ(skipping.push(0xA9), "\xC3\xA9");
  Detokenizer showing(tokenizer, /*skip_special=*/false);
  EXPECT_EQ(showing.push(0xC3), "");
  EXPECT_EQ(showing.push(mark), "\xEF\xBF\xBD<|mark|>");
}

TEST(Detokenizer, UnknownIdsGiveNothing) {
  Detokenizer detokenizer(make(TestVocabulary::byte_level("gpt-2")));
  EXPECT_EQ(detokenizer.push(-1), "");
  EXPECT_EQ(detokenizer.push(1 << 30), "");
  EXPECT_EQ(detokenizer.finish(), "");
}

TEST(Detokenizer, TheSpaceThatEncodingAddedIsTakenAway) {
  TestVocabulary vocabulary = TestVocabulary::sentencepiece();
  const TokenId word = vocabulary.add("\xE2\x96\x81hi");
  Detokenizer detokenizer(make(vocabulary));
  EXPECT_EQ(detokenizer.push(1), "");  // "<s>"
  EXPECT_EQ(detokenizer.push(word), "hi");
  EXPECT_EQ(detokenizer.push(word), " hi");
}

}  // namespace
}  // namespace helicon::text
