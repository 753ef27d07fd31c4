#include "text/byte_level_encoder.h"

#include <fmt/format.h>

#include "text/byte_alphabet.h"
#include "text/utf8.h"

namespace helicon::text {

Result<std::unique_ptr<FragmentEncoder>> ByteLevelEncoder::create(const weights::Metadata& metadata,
                                                                  const Vocabulary& vocabulary) {
  HELICON_ASSIGN(PreTokenizer pre_tokenizer, PreTokenizer::create(metadata));
  std::unique_ptr<ByteLevelEncoder> encoder(new ByteLevelEncoder(std::move(pre_tokenizer)));
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string text;
    append_utf8(text, alphabet_character(static_cast<uint8_t>(byte)));
    encoder->token_of_byte_[byte] = vocabulary.find(text).value_or(-1);
  }
  HELICON_TRY(encoder->read_merges(metadata, vocabulary));
  if (encoder->pre_tokenizer_.definition().keeps_known_pieces) {
    for (size_t i = 0; i < vocabulary.size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      if (vocabulary.kind(id) == TokenKind::normal && !vocabulary.text(id).empty()) {
        encoder->pieces_.emplace(encoder->bytes_of(vocabulary, id), id);
      }
    }
  }
  return std::unique_ptr<FragmentEncoder>(std::move(encoder));
}

Status ByteLevelEncoder::read_merges(const weights::Metadata& metadata,
                                     const Vocabulary& vocabulary) {
  constexpr std::string_view key = "tokenizer.ggml.merges";
  HELICON_ASSIGN(const std::vector<std::string>* lines, metadata.string_array(key));
  merges_.reserve(lines->size());
  for (size_t rank = 0; rank < lines->size(); ++rank) {
    const std::string_view line = (*lines)[rank];
    const size_t space = line.find(' ', 1);
    if (space == std::string_view::npos) {
      return Error{ErrorCode::corrupt, fmt::format("{}: entry {} is not a pair", key, rank), {}};
    }
    const std::string_view left_text = line.substr(0, space);
    const std::string_view right_text = line.substr(space + 1);
    const auto left = vocabulary.find(left_text);
    const auto right = vocabulary.find(right_text);
    const auto merged = vocabulary.find(std::string(left_text).append(right_text));
    if (!left || !right || !merged) {
      return Error{ErrorCode::corrupt,
                   fmt::format("{}: entry {} names a token that is not there", key, rank),
                   {}};
    }
    merges_.try_emplace(pair(*left, *right), Merge{static_cast<uint32_t>(rank), *merged});
  }
  return ok_status();
}

std::string ByteLevelEncoder::bytes_of(const Vocabulary& vocabulary, TokenId id) const {
  const std::string& text = vocabulary.text(id);
  if (vocabulary.kind(id) == TokenKind::user_defined) return text;
  // Some files do not mark all tokens that were added by hand; their text gives them away.
  return spelled_bytes(text).value_or(text);
}

Status ByteLevelEncoder::encode(std::string_view spelled, Options options,
                                std::vector<TokenId>& ids) const {
  const std::string text =
      options.normalize ? pre_tokenizer_.normalize(spelled) : std::string(spelled);
  HELICON_ASSIGN(const std::vector<size_t> ends, pre_tokenizer_.split(text));
  std::vector<Symbol> symbols;
  size_t begin = 0;
  for (const size_t end : ends) {
    encode_piece(std::string_view(text).substr(begin, end - begin), symbols, ids);
    begin = end;
  }
  return ok_status();
}

void ByteLevelEncoder::encode_piece(std::string_view piece, std::vector<Symbol>& symbols,
                                    std::vector<TokenId>& ids) const {
  if (!pieces_.empty()) {
    if (const auto whole = pieces_.find(std::string(piece)); whole != pieces_.end()) {
      ids.push_back(whole->second);
      return;
    }
  }
  symbols.clear();
  for (size_t i = 0; i < piece.size(); ++i) {
    // A byte that the vocabulary lacks is left out, and its neighbours may merge: so do the
    // tokenizers these vocabularies come from (docs/tokenizers.md).
    const TokenId id = token_of_byte_[static_cast<unsigned char>(piece[i])];
    if (id >= 0) append_symbol(symbols, {.begin = static_cast<uint32_t>(i), .length = 1, .id = id});
  }
  if (symbols.empty()) return;
  merge_symbols(symbols, [&](const Symbol& left, const Symbol& right) -> std::optional<Merge> {
    const auto found = merges_.find(pair(left.id, right.id));
    if (found == merges_.end()) return std::nullopt;
    return found->second;
  });
  for (uint32_t i = 0; i != Symbol::none; i = symbols[i].next) ids.push_back(symbols[i].id);
}

}  // namespace helicon::text
