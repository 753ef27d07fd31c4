// What differs between the families of tokenizers: how a stretch of plain text becomes tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace helicon::text {

class FragmentEncoder {
 public:
  virtual ~FragmentEncoder() = default;

  // The text in the spelling of the vocabulary's added tokens, which are looked for in it.
  virtual std::string spell(std::string_view text) const = 0;

  // Appends the tokens of a non-empty stretch of spelled text. `opens`: it stands at the beginning
  // or behind an added token, where some vocabularies want a space.
  virtual Status encode(std::string_view spelled, bool opens, std::vector<TokenId>& ids) const = 0;

  // Whether `encode` puts a space before text that opens, so that decoding takes it away again.
  virtual bool adds_space() const = 0;

  // The bytes that a token of ordinary text stands for.
  virtual std::string bytes_of(const Vocabulary& vocabulary, TokenId id) const = 0;

  // What to do where the file has no tokenizer.ggml.add_bos_token.
  virtual bool adds_begin_by_default() const = 0;
};

}  // namespace helicon::text
