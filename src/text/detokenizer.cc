#include "text/tokenizer.h"
#include "text/utf8.h"

namespace helicon::text {

Detokenizer::Detokenizer(std::shared_ptr<const Tokenizer> tokenizer, bool skip_special)
    : tokenizer_(std::move(tokenizer)), skip_special_(skip_special) {}

std::string Detokenizer::push(TokenId id) {
  const std::optional<TokenId> previous = previous_;
  previous_ = id;
  if (skip_special_ && tokenizer_->is_special(id)) return {};
  pending_.append(tokenizer_->token_bytes_after(previous, id));

  std::string certain;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const Utf8Step step = first_utf8(rest);
    if (step.kind == Utf8Step::Kind::truncated) break;
    const bool valid = step.kind == Utf8Step::Kind::valid;
    certain.append(valid ? rest.substr(0, step.bytes) : replacement_character);
    rest.remove_prefix(step.bytes);
  }
  pending_ = std::string(rest);
  return certain;
}

std::string Detokenizer::finish() {
  const bool unfinished = !pending_.empty();
  pending_.clear();
  return std::string(unfinished ? replacement_character : std::string_view{});
}

}  // namespace helicon::text
