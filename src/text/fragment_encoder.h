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

  struct Options {
    bool opens = false;  // at the beginning or behind an added token, where some want a space
    bool normalize = false;
  };
  // Appends the tokens of a non-empty stretch of spelled text.
  virtual Status encode(std::string_view spelled, Options options,
                        std::vector<TokenId>& ids) const = 0;

  // Whether `encode` puts a space before text that opens, so that decoding takes it away again.
  virtual bool adds_space() const = 0;

  // The bytes that a token stands for which is not special.
  virtual std::string bytes_of(const Vocabulary& vocabulary, TokenId id) const = 0;

  // What to do where the file has no tokenizer.ggml.add_bos_token.
  virtual bool adds_begin_by_default() const = 0;
};

}  // namespace helicon::text
