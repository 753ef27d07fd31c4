#include "text/vocabulary.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "weights/folder_tokenizer.h"

namespace helicon::text {
namespace {

Error corrupt(std::string message) { return {ErrorCode::corrupt, std::move(message), {}}; }

// Texts that end a turn or a document in the models that have them. A file names at most three such
// ids, but many models were trained with more, and some files do not even mark these as control
// tokens. "</s>" and "<eos>" are not here: they are text in some vocabularies (HTML's
// strike-through in Gemma's), and where they end something the file names them.
constexpr auto end_texts = std::to_array<std::string_view>({
    "<|im_end|>",             // ChatML: Qwen, SmolLM, Yi
    "<|endoftext|>",          // GPT-2, Qwen, SmolLM, StarCoder
    "<|eot_id|>",             // Llama 3, end of turn
    "<|eom_id|>",             // Llama 3, end of a message that calls a tool
    "<|end_of_text|>",        // Llama 3, Granite
    "<|eot|>",                // Llama 4
    "<end_of_turn>",          // Gemma
    "<|end|>",                // Phi
    "<|end_of_turn|>",        // OpenChat
    "<|EOT|>",                // DeepSeek Coder
    "<｜end▁of▁sentence｜>",  // DeepSeek
});

constexpr auto end_keys = std::to_array<std::string_view>({
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.eom_token_id",
});

Result<std::optional<TokenId>> read_id(const weights::Metadata& metadata, std::string_view key,
                                       size_t vocabulary_size) {
  if (!metadata.contains(key)) return std::optional<TokenId>{};
  HELICON_ASSIGN(const uint64_t id, metadata.unsigned_integer(key));
  if (id >= vocabulary_size) {
    return corrupt(fmt::format("{}: {} is past the last of {} tokens", key, id, vocabulary_size));
  }
  return std::optional<TokenId>{static_cast<TokenId>(id)};
}

Result<std::optional<bool>> read_flag(const weights::Metadata& metadata, std::string_view key) {
  if (!metadata.contains(key)) return std::optional<bool>{};
  HELICON_ASSIGN(const bool flag, metadata.boolean(key));
  return std::optional<bool>{flag};
}

Status read_kinds(const weights::Metadata& metadata, Vocabulary& vocabulary) {
  constexpr std::string_view key = "tokenizer.ggml.token_type";
  vocabulary.kinds.assign(vocabulary.size(), TokenKind::normal);
  if (!metadata.contains(key)) return ok_status();
  HELICON_ASSIGN(const std::vector<int64_t> types, metadata.integer_array(key));
  if (types.size() != vocabulary.size()) {
    return corrupt(
        fmt::format("{}: {} entries for {} tokens", key, types.size(), vocabulary.size()));
  }
  for (size_t i = 0; i < types.size(); ++i) {
    // 0 is "undefined" in GGUF; such tokens are text like any other.
    if (types[i] < 0 || types[i] > static_cast<int64_t>(TokenKind::byte)) {
      return corrupt(fmt::format("{}: no such type as {} (token {})", key, types[i], i));
    }
    if (types[i] != 0) vocabulary.kinds[i] = static_cast<TokenKind>(types[i]);
  }
  return ok_status();
}

Status read_scores(const weights::Metadata& metadata, Vocabulary& vocabulary) {
  constexpr std::string_view key = "tokenizer.ggml.scores";
  if (!metadata.contains(key)) return ok_status();
  HELICON_ASSIGN(const std::vector<double> scores, metadata.number_array(key));
  if (scores.size() != vocabulary.size()) {
    return corrupt(
        fmt::format("{}: {} entries for {} tokens", key, scores.size(), vocabulary.size()));
  }
  vocabulary.scores.reserve(scores.size());
  for (const double score : scores) {
    if (!(score == score)) return corrupt(fmt::format("{}: a score is not a number", key));
    vocabulary.scores.push_back(static_cast<float>(score));
  }
  return ok_status();
}

Status mark_ends(const weights::Metadata& metadata, Vocabulary& vocabulary) {
  vocabulary.ends_generation.assign(vocabulary.size(), false);
  for (const std::string_view key : end_keys) {
    HELICON_ASSIGN(const std::optional<TokenId> id, read_id(metadata, key, vocabulary.size()));
    if (id) vocabulary.ends_generation[static_cast<size_t>(*id)] = true;
  }
  if (metadata.contains(weights::kEndTokens)) {
    HELICON_ASSIGN(const auto ids, metadata.integer_array(weights::kEndTokens));
    for (const int64_t id : ids)
      if (id >= 0 && static_cast<size_t>(id) < vocabulary.size())
        vocabulary.ends_generation[static_cast<size_t>(id)] = true;
  }
  for (const std::string_view text : end_texts) {
    const std::optional<TokenId> id = vocabulary.find(text);
    if (!id) continue;
    vocabulary.ends_generation[static_cast<size_t>(*id)] = true;
    vocabulary.kinds[static_cast<size_t>(*id)] = TokenKind::control;
  }
  // Muse goes on behind the end of a message: to whom, stands between "<|start|>" and
  // "<|message|>".
  const std::optional<TokenId> message = vocabulary.find("<|eom|>");
  if (message && vocabulary.find("<|message|>"))
    vocabulary.ends_generation[static_cast<size_t>(*message)] = false;
  return ok_status();
}

}  // namespace

std::optional<TokenId> Vocabulary::find(std::string_view token_text) const {
  const auto found = ids.find(token_text);
  if (found == ids.end()) return std::nullopt;
  return found->second;
}

Result<Vocabulary> Vocabulary::read(const weights::Metadata& metadata) {
  constexpr std::string_view key = "tokenizer.ggml.tokens";
  HELICON_ASSIGN(const std::vector<std::string>* texts, metadata.string_array(key));
  if (texts->empty()) return corrupt(fmt::format("{}: no tokens", key));
  if (texts->size() > static_cast<size_t>(std::numeric_limits<TokenId>::max())) {
    return corrupt(fmt::format("{}: {} tokens are more than ids", key, texts->size()));
  }
  Vocabulary vocabulary;
  vocabulary.texts = *texts;
  vocabulary.ids.reserve(texts->size());
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    if (!vocabulary.texts[i].empty()) {
      vocabulary.ids.emplace(vocabulary.texts[i], static_cast<TokenId>(i));
    }
  }
  HELICON_TRY(read_kinds(metadata, vocabulary));
  HELICON_TRY(read_scores(metadata, vocabulary));
  HELICON_TRY(mark_ends(metadata, vocabulary));
  const size_t size = vocabulary.size();
  HELICON_ASSIGN(vocabulary.begin, read_id(metadata, "tokenizer.ggml.bos_token_id", size));
  HELICON_ASSIGN(vocabulary.end, read_id(metadata, "tokenizer.ggml.eos_token_id", size));
  HELICON_ASSIGN(vocabulary.unknown, read_id(metadata, "tokenizer.ggml.unknown_token_id", size));
  HELICON_ASSIGN(vocabulary.add_begin, read_flag(metadata, "tokenizer.ggml.add_bos_token"));
  HELICON_ASSIGN(vocabulary.add_end, read_flag(metadata, "tokenizer.ggml.add_eos_token"));
  return vocabulary;
}

}  // namespace helicon::text
