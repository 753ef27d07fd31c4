#include "text/sentencepiece_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "text/utf8.h"

namespace helicon::text {
namespace {

constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581, how pieces spell a space

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string replaced;
  replaced.reserve(text.size());
  for (size_t found; (found = text.find(from)) != std::string_view::npos;) {
    replaced.append(text.substr(0, found)).append(to);
    text.remove_prefix(found + from.size());
  }
  return replaced.append(text);
}

// "<0x0A>" is 10.
std::optional<uint8_t> byte_named_by(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  uint8_t byte = 0;
  const auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, byte, 16);
  if (error != std::errc() || end != text.data() + 5) return std::nullopt;
  return byte;
}

// The place of each token when ordered by falling score; equal scores share a place.
std::vector<uint32_t> ranks_by_score(const std::vector<float>& scores) {
  std::vector<uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return scores[a] > scores[b]; });
  std::vector<uint32_t> ranks(scores.size());
  for (uint32_t i = 1; i < order.size(); ++i) {
    const bool equal = scores[order[i]] == scores[order[i - 1]];
    ranks[order[i]] = ranks[order[i - 1]] + (equal ? 0 : 1);
  }
  return ranks;
}

}  // namespace

Result<std::unique_ptr<FragmentEncoder>> SentencePieceEncoder::create(
    const weights::Metadata& metadata, const Vocabulary& vocabulary) {
  std::unique_ptr<SentencePieceEncoder> encoder(new SentencePieceEncoder);
  if (constexpr std::string_view key = "tokenizer.ggml.add_space_prefix"; metadata.contains(key)) {
    HELICON_ASSIGN(encoder->adds_space_, metadata.boolean(key));
  }
  if (vocabulary.scores.empty()) {
    return Error{ErrorCode::corrupt, "tokenizer.ggml.scores: missing", {}};
  }
  HELICON_TRY(encoder->read_byte_tokens(vocabulary));
  const std::vector<uint32_t> ranks = ranks_by_score(vocabulary.scores);
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string& text = vocabulary.text(id);
    // Markers and byte tokens are never spelled by ordinary text, and user-defined tokens were
    // taken out of it before.
    const TokenKind kind = vocabulary.kind(id);
    if (text.empty() || (kind != TokenKind::normal && kind != TokenKind::unused)) continue;
    encoder->pieces_.try_emplace(text, Merge{ranks[i], id});
    encoder->longest_piece_ = std::max(encoder->longest_piece_, text.size());
  }
  return std::unique_ptr<FragmentEncoder>(std::move(encoder));
}

Status SentencePieceEncoder::read_byte_tokens(const Vocabulary& vocabulary) {
  token_of_byte_.fill(vocabulary.unknown.value_or(-1));
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (vocabulary.kind(id) != TokenKind::byte) continue;
    const std::optional<uint8_t> byte = byte_named_by(vocabulary.text(id));
    if (!byte) {
      return Error{
          ErrorCode::corrupt, fmt::format("tokenizer.ggml.tokens: token {} names no byte", i), {}};
    }
    token_of_byte_[*byte] = id;
  }
  return ok_status();
}

std::string SentencePieceEncoder::spell(std::string_view text) const {
  return replace_all(text, " ", space_mark);
}

std::string SentencePieceEncoder::bytes_of(const Vocabulary& vocabulary, TokenId id) const {
  const std::string& text = vocabulary.text(id);
  if (vocabulary.kind(id) != TokenKind::byte) return replace_all(text, space_mark, " ");
  return std::string(1, static_cast<char>(byte_named_by(text).value_or(0)));
}

Status SentencePieceEncoder::encode(std::string_view spelled, Options options,
                                    std::vector<TokenId>& ids) const {
  std::string text;
  if (options.opens && adds_space_) text = space_mark;
  text.append(spelled);

  std::vector<Symbol> symbols;
  for (size_t begin = 0; begin < text.size();) {
    const Utf8Step step = first_utf8(std::string_view(text).substr(begin));
    // Each byte of what is no character stands alone, so that the same bytes come back.
    const size_t length = step.kind == Utf8Step::Kind::valid ? step.bytes : 1;
    append_symbol(symbols,
                  {.begin = static_cast<uint32_t>(begin), .length = static_cast<uint32_t>(length)});
    begin += length;
  }
  const auto find = [&](size_t begin, size_t length) -> std::optional<Merge> {
    if (length > longest_piece_) return std::nullopt;
    const auto found = pieces_.find(std::string_view(text).substr(begin, length));
    if (found == pieces_.end()) return std::nullopt;
    return found->second;
  };
  merge_symbols(symbols, [&](const Symbol& left, const Symbol& right) {
    return find(left.begin, left.length + right.length);
  });
  for (uint32_t i = 0; i != Symbol::none; i = symbols[i].next) {
    const Symbol& symbol = symbols[i];
    if (const std::optional<Merge> piece = find(symbol.begin, symbol.length)) {
      ids.push_back(piece->id);
      continue;
    }
    for (const char byte : std::string_view(text).substr(symbol.begin, symbol.length)) {
      const TokenId id = token_of_byte_[static_cast<unsigned char>(byte)];
      if (id >= 0) ids.push_back(id);
    }
  }
  return ok_status();
}

}  // namespace helicon::text
