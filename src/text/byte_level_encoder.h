// Byte-level BPE (tokenizer.ggml.model "gpt2"): split by regular expressions, then merge bytes.
#pragma once

#include <array>
#include <memory>
#include <unordered_map>

#include "text/fragment_encoder.h"
#include "text/pre_tokenizer.h"
#include "text/symbol_merge.h"

namespace helicon::text {

class ByteLevelEncoder final : public FragmentEncoder {
 public:
  // Errors: corrupt, unsupported (an unknown pre-tokenizer); each names the key. `vocabulary` must
  // outlive the encoder.
  static Result<std::unique_ptr<FragmentEncoder>> create(const weights::Metadata& metadata,
                                                         const Vocabulary& vocabulary);

  std::string spell(std::string_view text) const override { return std::string(text); }
  Status encode(std::string_view spelled, Options options,
                std::vector<TokenId>& ids) const override;
  bool adds_space() const override { return false; }
  std::string bytes_of(const Vocabulary& vocabulary, TokenId id) const override;
  bool adds_begin_by_default() const override { return pre_tokenizer_.definition().adds_begin; }

 private:
  explicit ByteLevelEncoder(PreTokenizer pre_tokenizer)
      : pre_tokenizer_(std::move(pre_tokenizer)) {}
  Status read_merges(const weights::Metadata& metadata, const Vocabulary& vocabulary);
  void encode_piece(std::string_view piece, std::vector<Symbol>& symbols,
                    std::vector<TokenId>& ids) const;

  static uint64_t pair(TokenId left, TokenId right) {
    return (uint64_t{static_cast<uint32_t>(left)} << 32) | static_cast<uint32_t>(right);
  }

  PreTokenizer pre_tokenizer_;
  std::array<TokenId, 256> token_of_byte_{};         // -1 where the vocabulary has none
  std::unordered_map<uint64_t, Merge> merges_;       // by pair()
  std::unordered_map<std::string, TokenId> pieces_;  // bytes of whole pieces, if they go unmerged
};

}  // namespace helicon::text
