// Finds in a text the tokens that are whole before anything else is split: markers such as
// "<|im_end|>", and what the vocabulary's authors defined by hand.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/tokenizer.h"

namespace helicon::text {

// A text longer than this is no marker; it keeps the search linear whatever a file claims.
inline constexpr size_t longest_added_token = 1024;  // bytes

class AddedTokens {
 public:
  struct Match {
    size_t begin = 0;
    size_t end = 0;
    TokenId id = 0;
  };

  // `token_text` is not empty and not longer than longest_added_token. Of equal texts the first
  // one stays.
  void add(std::string_view token_text, TokenId id);

  // The first match at or after `from`: of those that begin there, the longest.
  std::optional<Match> find(std::string_view text, size_t from) const;

 private:
  // A trie: the edge of a node by a byte leads to a node; node 0 is the root.
  static uint64_t edge(uint32_t node, char byte) {
    return (uint64_t{node} << 8) | static_cast<unsigned char>(byte);
  }
  std::unordered_map<uint64_t, uint32_t> edges_;
  std::vector<std::optional<TokenId>> token_of_node_{std::nullopt};
  std::array<bool, 256> begins_token_{};
};

}  // namespace helicon::text
