// Text to token ids and back, for the vocabularies that weight files carry.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "weights/model_file.h"

namespace helicon::text {

using TokenId = int32_t;

struct EncodeOptions {
  bool parse_special = false;  // "<|im_end|>" becomes its one token, not the pieces of its text
  bool add_special = false;    // adds begin/end tokens where the model's metadata asks for them
  // Brings the text to the normal form that the model was trained on, where there is one (Qwen's
  // NFC). Better for the model, but other bytes may come back (docs/tokenizers.md).
  bool normalize = false;
};

// Immutable after creation; safe to use from many threads at once.
class Tokenizer {
 public:
  // Reads tokenizer.ggml.*. Errors: corrupt, unsupported (an unknown model or pre-tokenizer is an
  // error that names it, never a guess).
  static Result<std::shared_ptr<const Tokenizer>> create(const weights::Metadata& metadata);

  virtual ~Tokenizer() = default;

  // Any bytes are accepted; what is not UTF-8 is encoded byte by byte. O(n log n), whatever the
  // text. Fails only with too_large.
  virtual Result<std::vector<TokenId>> encode(std::string_view text,
                                              EncodeOptions options) const = 0;

  // The bytes a token stands for; special tokens give their text. Empty for ids out of range and
  // for ids that only pad the embedding table.
  virtual std::string_view token_bytes(TokenId id) const = 0;
  // The same, but without the space that some vocabularies add, when encoding, at the beginning
  // (no previous token) or behind a special or user-defined token.
  virtual std::string_view token_bytes_after(std::optional<TokenId> previous, TokenId id) const = 0;
  // The bytes of all tokens, from the beginning of a text. Undoes encode() but for what
  // docs/tokenizers.md says of U+2581 and bytes that a vocabulary lacks.
  virtual std::string decode(const std::vector<TokenId>& ids, bool skip_special) const = 0;

  virtual size_t size() const = 0;                     // number of ids
  virtual bool is_special(TokenId id) const = 0;       // a marker that is no text for people
  virtual bool ends_generation(TokenId id) const = 0;  // end of text, turn or message
  virtual std::optional<TokenId> begin_token() const = 0;
  virtual std::optional<TokenId> end_token() const = 0;
  virtual std::optional<TokenId> find(std::string_view token_text) const = 0;  // exact text
};

// Turns a stream of tokens into text without ever emitting part of a UTF-8 character. Bytes that
// can never become valid come out as U+FFFD, as the Unicode standard recommends.
class Detokenizer {
 public:
  explicit Detokenizer(std::shared_ptr<const Tokenizer> tokenizer, bool skip_special = true);
  std::string push(TokenId id);  // what became certain with this token; may be empty
  std::string finish();          // what is left, an unfinished character as U+FFFD

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  bool skip_special_;
  std::optional<TokenId> previous_;
  std::string pending_;  // the beginning of a character, at most three bytes
};

}  // namespace helicon::text
