// The tokens of a weight file: their texts, kinds and scores, and the ids that mean something.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "text/tokenizer.h"
#include "weights/model_file.h"

namespace helicon::text {

// The values of tokenizer.ggml.token_type.
enum class TokenKind : uint8_t {
  normal = 1,
  unknown = 2,
  control = 3,       // "<|im_start|>": found in text only where special tokens are asked for
  user_defined = 4,  // "<tool_call>", "\n\n": found in any text, before anything else
  unused = 5,        // padding of the embedding table
  byte = 6,          // "<0x0A>": one byte of a character that has no token
};

struct Vocabulary {
  // Errors: corrupt, naming the key.
  static Result<Vocabulary> read(const weights::Metadata& metadata);

  Vocabulary() = default;
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;
  Vocabulary(const Vocabulary&) = delete;  // `ids` looks into `texts`
  Vocabulary& operator=(const Vocabulary&) = delete;

  size_t size() const { return texts.size(); }
  bool contains(TokenId id) const { return id >= 0 && static_cast<size_t>(id) < size(); }
  TokenKind kind(TokenId id) const { return kinds[static_cast<size_t>(id)]; }
  const std::string& text(TokenId id) const { return texts[static_cast<size_t>(id)]; }
  std::optional<TokenId> find(std::string_view token_text) const;

  std::vector<std::string> texts;  // as the file spells them
  std::vector<TokenKind> kinds;
  std::vector<float> scores;                          // empty if the file has none
  std::unordered_map<std::string_view, TokenId> ids;  // of equal texts the lowest id
  std::optional<TokenId> begin, end, unknown;
  std::optional<bool> add_begin, add_end;  // what the file asks for, if it says
  std::vector<bool> ends_generation;       // one for each token
};

}  // namespace helicon::text
