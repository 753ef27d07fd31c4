// Tiny vocabularies for tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/byte_alphabet.h"
#include "text/utf8.h"
#include "text/vocabulary.h"
#include "weights/model_file.h"

namespace helicon::text {

// Builds the metadata of a weight file token by token.
class TestVocabulary {
 public:
  explicit TestVocabulary(std::string model) {
    metadata_.set("tokenizer.ggml.model", std::move(model));
  }

  // All 256 bytes in the byte alphabet, each under its own value as id.
  static TestVocabulary byte_level(std::string pre_tokenizer) {
    TestVocabulary vocabulary("gpt2");
    vocabulary.set("tokenizer.ggml.pre", std::move(pre_tokenizer));
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::string text;
      append_utf8(text, alphabet_character(static_cast<uint8_t>(byte)));
      vocabulary.add(text);
    }
    return vocabulary;
  }

  // "<unk>", "<s>", "</s>" and the 256 bytes from id 3 on, as SentencePiece lays them out.
  static TestVocabulary sentencepiece() {
    TestVocabulary vocabulary("llama");
    vocabulary.add("<unk>", TokenKind::unknown);
    vocabulary.add("<s>", TokenKind::control);
    vocabulary.add("</s>", TokenKind::control);
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (unsigned byte = 0; byte < 256; ++byte) {
      const std::string name = {'<', '0', 'x', digits[byte / 16], digits[byte % 16], '>'};
      vocabulary.add(name, TokenKind::byte);
    }
    vocabulary.set("tokenizer.ggml.unknown_token_id", uint64_t{0});
    vocabulary.set("tokenizer.ggml.bos_token_id", uint64_t{1});
    vocabulary.set("tokenizer.ggml.eos_token_id", uint64_t{2});
    return vocabulary;
  }

  TokenId add(std::string text, TokenKind kind = TokenKind::normal, double score = 0) {
    texts_.push_back(std::move(text));
    kinds_.push_back(static_cast<int64_t>(kind));
    scores_.push_back(score);
    return static_cast<TokenId>(texts_.size() - 1);
  }

  // Adds the merge of two tokens, and the token it makes unless it is there.
  void merge(const std::string& left, const std::string& right) {
    merges_.push_back(left + " " + right);
    for (const std::string& text : texts_) {
      if (text == left + right) return;
    }
    add(left + right);
  }

  void set(std::string key, weights::MetadataValue value) {
    metadata_.set(std::move(key), std::move(value));
  }

  // What was set last wins over what is built here.
  weights::Metadata metadata() const {
    weights::Metadata metadata;
    metadata.set("tokenizer.ggml.tokens", texts_);
    metadata.set("tokenizer.ggml.token_type", kinds_);
    metadata.set("tokenizer.ggml.scores", scores_);
    metadata.set("tokenizer.ggml.merges", merges_);
    for (const auto& [key, value] : metadata_.all()) metadata.set(key, value);
    return metadata;
  }

 private:
  weights::Metadata metadata_;
  std::vector<std::string> texts_;
  std::vector<int64_t> kinds_;
  std::vector<double> scores_;
  std::vector<std::string> merges_;
};

}  // namespace helicon::text
