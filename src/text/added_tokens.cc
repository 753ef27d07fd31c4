#include "text/added_tokens.h"

namespace helicon::text {

void AddedTokens::add(std::string_view token_text, TokenId id) {
  begins_token_[static_cast<unsigned char>(token_text.front())] = true;
  uint32_t node = 0;
  for (const char byte : token_text) {
    const auto next = static_cast<uint32_t>(token_of_node_.size());
    const auto [found, is_new] = edges_.try_emplace(edge(node, byte), next);
    if (is_new) token_of_node_.emplace_back();
    node = found->second;
  }
  if (!token_of_node_[node]) token_of_node_[node] = id;
}

std::optional<AddedTokens::Match> AddedTokens::find(std::string_view text, size_t from) const {
  for (size_t begin = from; begin < text.size(); ++begin) {
    if (!begins_token_[static_cast<unsigned char>(text[begin])]) continue;
    std::optional<Match> longest;
    uint32_t node = 0;
    for (size_t i = begin; i < text.size(); ++i) {
      const auto next = edges_.find(edge(node, text[i]));
      if (next == edges_.end()) break;
      node = next->second;
      if (const std::optional<TokenId> id = token_of_node_[node]) longest = {begin, i + 1, *id};
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

}  // namespace helicon::text
