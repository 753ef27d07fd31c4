#include "text/tokenizer.h"

#include <fmt/format.h>

#include "text/added_tokens.h"
#include "text/byte_level_encoder.h"
#include "text/fragment_encoder.h"
#include "text/sentencepiece_encoder.h"
#include "text/vocabulary.h"
#include "weights/folder_tokenizer.h"
#include "weights/quoted_name.h"

namespace helicon::text {
namespace {

constexpr size_t longest_text = 16u << 20;  // bytes

class VocabularyTokenizer final : public Tokenizer {
 public:
  static Result<std::shared_ptr<const Tokenizer>> create(const weights::Metadata& metadata);

  Result<std::vector<TokenId>> encode(std::string_view text, EncodeOptions options) const override;
  std::string_view token_bytes(TokenId id) const override;
  std::string_view token_bytes_after(std::optional<TokenId> previous, TokenId id) const override;
  std::string decode(const std::vector<TokenId>& ids, bool skip_special) const override;

  size_t size() const override { return vocabulary_.size(); }
  bool is_special(TokenId id) const override {
    return has_kind(id, TokenKind::control) || has_kind(id, TokenKind::unknown);
  }
  bool ends_generation(TokenId id) const override {
    return vocabulary_.contains(id) && vocabulary_.ends_generation[static_cast<size_t>(id)];
  }
  std::optional<TokenId> begin_token() const override { return vocabulary_.begin; }
  std::optional<TokenId> end_token() const override { return vocabulary_.end; }
  std::optional<TokenId> find(std::string_view token_text) const override {
    return vocabulary_.find(token_text);
  }

 private:
  bool has_kind(TokenId id, TokenKind kind) const {
    return vocabulary_.contains(id) && vocabulary_.kind(id) == kind;
  }
  bool is_added(TokenId id) const {
    return is_special(id) || has_kind(id, TokenKind::user_defined);
  }
  Status read_begin_and_end();
  Status collect_added_tokens();
  void collect_bytes();

  Vocabulary vocabulary_;
  std::unique_ptr<const FragmentEncoder> encoder_;
  AddedTokens user_defined_;              // found in any text
  AddedTokens special_and_user_defined_;  // found where special tokens are asked for
  std::optional<TokenId> prepended_, appended_;
  std::vector<std::string> bytes_;  // of each token
};

Result<std::shared_ptr<const Tokenizer>> VocabularyTokenizer::create(
    const weights::Metadata& metadata) {
  constexpr std::string_view key = "tokenizer.ggml.model";
  if (metadata.contains(weights::kTokenizerProblem)) {
    HELICON_ASSIGN(const std::string problem, metadata.string(weights::kTokenizerProblem));
    return Error{ErrorCode::unsupported, problem, {}};
  }
  HELICON_ASSIGN(const std::string model, metadata.string(key));
  auto* const create_encoder = model == "gpt2"    ? &ByteLevelEncoder::create
                               : model == "llama" ? &SentencePieceEncoder::create
                                                  : nullptr;
  if (create_encoder == nullptr) {
    return Error{ErrorCode::unsupported,
                 fmt::format("{}: unknown tokenizer {}", key, weights::quoted_name(model)),
                 {}};
  }
  auto tokenizer = std::make_shared<VocabularyTokenizer>();
  HELICON_ASSIGN(tokenizer->vocabulary_, Vocabulary::read(metadata));
  HELICON_ASSIGN(tokenizer->encoder_, create_encoder(metadata, tokenizer->vocabulary_));
  HELICON_TRY(tokenizer->read_begin_and_end());
  HELICON_TRY(tokenizer->collect_added_tokens());
  tokenizer->collect_bytes();
  return std::shared_ptr<const Tokenizer>(std::move(tokenizer));
}

Status VocabularyTokenizer::read_begin_and_end() {
  const auto missing = [](std::string_view flag, std::string_view key) {
    return Error{ErrorCode::corrupt, fmt::format("{} is true, but {} is missing", flag, key), {}};
  };
  if (vocabulary_.add_begin.value_or(false) && !vocabulary_.begin) {
    return missing("tokenizer.ggml.add_bos_token", "tokenizer.ggml.bos_token_id");
  }
  if (vocabulary_.add_end.value_or(false) && !vocabulary_.end) {
    return missing("tokenizer.ggml.add_eos_token", "tokenizer.ggml.eos_token_id");
  }
  if (vocabulary_.add_begin.value_or(encoder_->adds_begin_by_default())) {
    prepended_ = vocabulary_.begin;
  }
  if (vocabulary_.add_end.value_or(false)) appended_ = vocabulary_.end;
  return ok_status();
}

Status VocabularyTokenizer::collect_added_tokens() {
  for (size_t i = 0; i < size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!is_added(id) || vocabulary_.text(id).empty()) continue;
    const std::string spelled = encoder_->spell(vocabulary_.text(id));
    if (spelled.size() > longest_added_token) {
      return Error{ErrorCode::corrupt,
                   fmt::format("tokenizer.ggml.tokens: special token {} is longer than {} bytes", i,
                               longest_added_token),
                   {}};
    }
    special_and_user_defined_.add(spelled, id);
    if (has_kind(id, TokenKind::user_defined)) user_defined_.add(spelled, id);
  }
  return ok_status();
}

void VocabularyTokenizer::collect_bytes() {
  bytes_.reserve(size());
  for (size_t i = 0; i < size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (has_kind(id, TokenKind::unused)) {
      bytes_.emplace_back();
    } else if (is_special(id)) {
      bytes_.push_back(vocabulary_.text(id));
    } else {
      bytes_.push_back(encoder_->bytes_of(vocabulary_, id));
    }
  }
}

Result<std::vector<TokenId>> VocabularyTokenizer::encode(std::string_view text,
                                                         EncodeOptions options) const {
  if (text.size() > longest_text) {
    return Error{ErrorCode::too_large,
                 fmt::format("text of {} bytes is over the limit of {}", text.size(), longest_text),
                 {}};
  }
  const std::string spelled = encoder_->spell(text);
  const std::string_view view = spelled;
  const AddedTokens& added = options.parse_special ? special_and_user_defined_ : user_defined_;

  std::vector<TokenId> ids;
  if (options.add_special && prepended_) ids.push_back(*prepended_);
  bool opens = true;
  size_t begin = 0;
  while (begin < view.size()) {
    const std::optional<AddedTokens::Match> match = added.find(view, begin);
    const size_t end = match ? match->begin : view.size();
    if (begin < end) {
      HELICON_TRY(
          encoder_->encode(view.substr(begin, end - begin), {opens, options.normalize}, ids));
      opens = false;
    }
    if (!match) break;
    ids.push_back(match->id);
    opens = true;
    begin = match->end;
  }
  if (options.add_special && appended_) ids.push_back(*appended_);
  return ids;
}

std::string_view VocabularyTokenizer::token_bytes(TokenId id) const {
  if (!vocabulary_.contains(id)) return {};
  return bytes_[static_cast<size_t>(id)];
}

std::string_view VocabularyTokenizer::token_bytes_after(std::optional<TokenId> previous,
                                                        TokenId id) const {
  std::string_view bytes = token_bytes(id);
  const bool opens = !previous || is_added(*previous);
  if (opens && encoder_->adds_space() && !is_added(id) && bytes.starts_with(' ')) {
    bytes.remove_prefix(1);
  }
  return bytes;
}

std::string VocabularyTokenizer::decode(const std::vector<TokenId>& ids, bool skip_special) const {
  std::string text;
  std::optional<TokenId> previous;
  for (const TokenId id : ids) {
    if (!skip_special || !is_special(id)) text.append(token_bytes_after(previous, id));
    previous = id;
  }
  return text;
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> Tokenizer::create(const weights::Metadata& metadata) {
  return VocabularyTokenizer::create(metadata);
}

}  // namespace helicon::text
