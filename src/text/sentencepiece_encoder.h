// SentencePiece's BPE (tokenizer.ggml.model "llama"): pieces with scores, bytes where there is
// none.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "text/fragment_encoder.h"
#include "text/symbol_merge.h"

namespace helicon::text {

class SentencePieceEncoder final : public FragmentEncoder {
 public:
  // Errors: corrupt, naming the key. `vocabulary` must outlive the encoder.
  static Result<std::unique_ptr<FragmentEncoder>> create(const weights::Metadata& metadata,
                                                         const Vocabulary& vocabulary);

  std::string spell(std::string_view text) const override;
  Status encode(std::string_view spelled, Options options,
                std::vector<TokenId>& ids) const override;
  bool adds_space() const override { return adds_space_; }
  std::string bytes_of(const Vocabulary& vocabulary, TokenId id) const override;
  bool adds_begin_by_default() const override { return true; }

 private:
  SentencePieceEncoder() = default;
  Status read_byte_tokens(const Vocabulary& vocabulary);

  bool adds_space_ = true;
  size_t longest_piece_ = 0;                            // bytes
  std::unordered_map<std::string_view, Merge> pieces_;  // views into the vocabulary
  std::array<TokenId, 256> token_of_byte_{};            // -1 where there is none
};

}  // namespace helicon::text
