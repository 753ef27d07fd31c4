#include "weights/folder_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/json_members.h"
#include "weights/model_folder.h"
#include "weights/quoted_name.h"

namespace helicon::weights {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr size_t kMostTokenizerBytes = size_t{128} << 20, kMostConfigBytes = size_t{4} << 20,
                 kMostTemplateBytes = size_t{1} << 20;
constexpr JsonLimits kTokenizerLimits{.depth = 32, .values = size_t{1} << 23};
constexpr uint64_t kMostTokens = 1 << 24;

// Kinds of tokens, as GGUF counts them.
constexpr int64_t kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5;

Error unsupported(std::string message) { return {ErrorCode::unsupported, std::move(message), {}}; }
Error corrupt(std::string message) { return {ErrorCode::corrupt, std::move(message), {}}; }

// Members that may be missing, null or of another kind.
const json::value* member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}
bool flag_in(const json::object& object, std::string_view name, bool otherwise) {
  const json::value* value = member(object, name);
  return value && value->is_bool() ? value->get_bool() : otherwise;
}
std::optional<uint64_t> id_in(const json::value& value) {
  if (!value.is_int64() || value.get_int64() < 0 ||
      static_cast<uint64_t>(value.get_int64()) >= kMostTokens)
    return std::nullopt;
  return static_cast<uint64_t>(value.get_int64());
}

// A part and, if it is a Sequence, those in it: [] of null.
std::vector<const json::object*> steps_of(const json::object& tokenizer, std::string_view name,
                                          std::string_view members) {
  std::vector<const json::object*> steps;
  const json::object* part = object_in(&tokenizer, name);
  if (!part) return steps;
  if (string_in(part, "type") != "Sequence") return {part};
  if (const json::array* list = array_in(part, members))
    for (const json::value& one : *list)
      if (one.is_object()) steps.push_back(&one.get_object());
  return steps;
}

// What the parts of tokenizer.json come to.
struct Tokens {
  std::vector<std::string> texts;
  std::vector<int64_t> kinds;
  std::vector<std::string> merges;
  std::vector<std::string> patterns;
  bool composes = false, keeps = false;
  std::optional<uint64_t> begin, end;  // that are added to a text
};

Status put(uint64_t id, const std::string& text, int64_t kind, Tokens& tokens) {
  if (id >= tokens.texts.size()) {
    tokens.texts.resize(id + 1);
    tokens.kinds.resize(id + 1, kUnused);
  }
  if (tokens.kinds[id] != kUnused && tokens.texts[id] != text)
    return corrupt(
        fmt::format("token {} is {} and {}", id, quoted_name(tokens.texts[id]), quoted_name(text)));
  tokens.texts[id] = text;
  tokens.kinds[id] = kind;
  return ok_status();
}

Status read_model(const json::object& tokenizer, Tokens& tokens) {
  const json::object* model = object_in(&tokenizer, "model");
  const json::object* vocabulary = object_in(model, "vocab");
  const std::string type(string_in(model, "type"));
  if (type != "BPE")
    return unsupported(fmt::format("its model is {}; only BPE is read", quoted_name(type)));
  if (flag_in(*model, "byte_fallback", false) || member(*model, "dropout") ||
      !string_in(model, "continuing_subword_prefix").empty() ||
      !string_in(model, "end_of_word_suffix").empty())
    return unsupported("its model is a BPE that does not work on bytes");
  if (!vocabulary || vocabulary->empty()) return corrupt("its model has no 'vocab'");
  for (const auto& [text, value] : *vocabulary) {
    const auto id = id_in(value);
    if (!id) return corrupt(fmt::format("token {} has no id that can be one", quoted_name(text)));
    HELICON_TRY(put(*id, std::string(text), kNormal, tokens));
  }
  tokens.keeps = flag_in(*model, "ignore_merges", false);
  const json::array* merges = array_in(model, "merges");
  if (!merges) return corrupt("its model has no 'merges'");
  tokens.merges.reserve(merges->size());
  for (const json::value& one : *merges) {
    const json::array* pair = one.if_array();
    if (one.is_string()) {
      tokens.merges.emplace_back(one.get_string());
    } else if (pair && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string()) {
      // Bytes are spelled without spaces.
      tokens.merges.push_back(fmt::format("{} {}", std::string_view((*pair)[0].get_string()),
                                          std::string_view((*pair)[1].get_string())));
    } else {
      return corrupt(fmt::format("merge {} is not a pair", tokens.merges.size()));
    }
  }
  return ok_status();
}

Status read_added_tokens(const json::object& tokenizer, Tokens& tokens) {
  const json::array* added = array_in(&tokenizer, "added_tokens");
  if (!added) return ok_status();
  for (const json::value& one : *added) {
    const json::object* token = one.if_object();
    const json::value* value = token ? member(*token, "id") : nullptr;
    const auto id = value ? id_in(*value) : std::nullopt;
    const std::string text(string_in(token, "content"));
    if (!id || text.empty()) return corrupt("an added token has no id or no content");
    for (const char* rule : {"lstrip", "rstrip", "single_word"})
      if (flag_in(*token, rule, false))
        return unsupported(fmt::format("added token {} has {}", quoted_name(text), rule));
    HELICON_TRY(
        put(*id, text, flag_in(*token, "special", false) ? kControl : kUserDefined, tokens));
  }
  return ok_status();
}

Status read_normalizer(const json::object& tokenizer, Tokens& tokens) {
  for (const json::object* step : steps_of(tokenizer, "normalizer", "normalizers")) {
    const std::string type(string_in(step, "type"));
    if (type != "NFC")
      return unsupported(fmt::format("its normalizer {} is not known", quoted_name(type)));
    tokens.composes = true;
  }
  return ok_status();
}

Status read_pre_tokenizer(const json::object& tokenizer, Tokens& tokens) {
  bool bytes = false;
  for (const json::object* step : steps_of(tokenizer, "pre_tokenizer", "pretokenizers")) {
    const std::string type(string_in(step, "type"));
    const json::object* pattern = object_in(step, "pattern");
    const std::string regex(string_in(pattern, "Regex"));
    if (bytes) return unsupported(fmt::format("{} follows ByteLevel", quoted_name(type)));
    if (type == "Split" && !regex.empty() && string_in(step, "behavior") == "Isolated" &&
        !flag_in(*step, "invert", false)) {
      tokens.patterns.push_back(regex);
    } else if (type == "Digits" && flag_in(*step, "individual_digits", false)) {
      tokens.patterns.emplace_back(kDigitPattern);
    } else if (type == "ByteLevel" && !flag_in(*step, "add_prefix_space", true)) {
      if (flag_in(*step, "use_regex", true)) tokens.patterns.emplace_back(kByteLevelPattern);
      bytes = true;
    } else {
      return unsupported(fmt::format("its pre-tokenizer {} is not known", quoted_name(type)));
    }
  }
  if (!bytes) return unsupported("its pre-tokenizer has no ByteLevel");
  return ok_status();
}

// A template of one sequence, with special tokens before and behind it.
Status read_post_processor(const json::object& tokenizer, Tokens& tokens) {
  for (const json::object* step : steps_of(tokenizer, "post_processor", "processors")) {
    const std::string type(string_in(step, "type"));
    if (type == "ByteLevel") continue;
    const json::array* single = array_in(step, "single");
    if (type != "TemplateProcessing" || !single)
      return unsupported(fmt::format("its post-processor {} is not known", quoted_name(type)));
    bool behind = false;
    for (const json::value& one : *single) {
      const json::object* piece = one.if_object();
      if (piece && object_in(piece, "Sequence")) {
        behind = true;
        continue;
      }
      const json::object* special = piece ? object_in(piece, "SpecialToken") : nullptr;
      const std::string text(string_in(special, "id"));
      const auto found = std::find(tokens.texts.begin(), tokens.texts.end(), text);
      std::optional<uint64_t>& target = behind ? tokens.end : tokens.begin;
      if (text.empty() || found == tokens.texts.end() || target)
        return unsupported("its post-processor adds what is not one token of the vocabulary");
      target = static_cast<uint64_t>(found - tokens.texts.begin());
    }
  }
  return ok_status();
}

// Ids that `key` of an object holds: one, or a list.
std::vector<int64_t> ids_in(const json::object& object, std::string_view key) {
  std::vector<int64_t> ids;
  const json::value* value = member(object, key);
  const auto take = [&](const json::value& one) {
    if (const auto id = id_in(one)) ids.push_back(static_cast<int64_t>(*id));
  };
  if (value && value->is_array())
    for (const json::value& one : value->get_array()) take(one);
  else if (value)
    take(*value);
  return ids;
}

// The configuration's, whose text part may be one of its own.
std::vector<int64_t> configured_ids(const Metadata& metadata, std::string_view name) {
  for (const std::string_view section : {"", "text_config."}) {
    const std::string key = fmt::format("{}{}{}", kConfigPrefix, section, name);
    if (const auto id = metadata.unsigned_integer(key); id.ok() && *id < kMostTokens)
      return {static_cast<int64_t>(*id)};
    if (auto ids = metadata.integer_array(key); ids.ok() && !ids->empty()) return *ids;
  }
  return {};
}

// The embedding may have more rows than there are tokens.
void pad(const Metadata& metadata, Tokens& tokens) {
  for (const std::string_view section : {"", "text_config."}) {
    const auto rows =
        metadata.unsigned_integer(fmt::format("{}{}vocab_size", kConfigPrefix, section));
    if (!rows.ok() || *rows > kMostTokens || *rows <= tokens.texts.size()) continue;
    tokens.texts.resize(*rows);
    tokens.kinds.resize(*rows, kUnused);
  }
  for (size_t id = 0; id < tokens.texts.size(); ++id)
    if (tokens.kinds[id] == kUnused) tokens.texts[id] = fmt::format("[PAD{}]", id);
}

Result<Tokens> read_tokens(const json::object& tokenizer) {
  Tokens tokens;
  HELICON_TRY(read_model(tokenizer, tokens));
  HELICON_TRY(read_added_tokens(tokenizer, tokens));
  HELICON_TRY(read_normalizer(tokenizer, tokens));
  HELICON_TRY(read_pre_tokenizer(tokenizer, tokens));
  HELICON_TRY(read_post_processor(tokenizer, tokens));
  return tokens;
}

// chat_template.jinja, otherwise what tokenizer_config.json has: one, or several of which one is
// called "default".
Status add_template(const fs::path& folder, const json::object& config, FolderFiles& files,
                    Metadata& metadata) {
  const fs::path path = folder / "chat_template.jinja";
  std::string source(string_in(&config, "chat_template"));
  if (const json::array* several = array_in(&config, "chat_template"))
    for (const json::value& one : *several)
      if (one.is_object() && string_in(one.if_object(), "name") == "default")
        source = string_in(one.if_object(), "template");
  if (is_there(path)) {
    HELICON_ASSIGN(source, read_text(path, kMostTemplateBytes, files));
  }
  if (!source.empty()) metadata.set("tokenizer.chat_template", std::move(source));
  return ok_status();
}

Status add(const fs::path& folder, FolderFiles& files, Metadata& metadata) {
  const fs::path path = folder / "tokenizer.json";
  if (!is_there(path)) return Error{ErrorCode::not_found, "the folder has no tokenizer.json"};
  HELICON_ASSIGN(const json::object tokenizer,
                 read_json(path, kMostTokenizerBytes, files, kTokenizerLimits));
  auto read = read_tokens(tokenizer);
  if (!read.ok()) return file_error(read.error().code, path, read.error().message);
  Tokens tokens = std::move(*read);
  json::object config, generation;
  if (is_there(folder / "tokenizer_config.json")) {
    HELICON_ASSIGN(config, read_json(folder / "tokenizer_config.json", kMostConfigBytes, files));
  }
  if (is_there(folder / "generation_config.json")) {
    HELICON_ASSIGN(generation,
                   read_json(folder / "generation_config.json", kMostConfigBytes, files));
  }
  HELICON_TRY(add_template(folder, config, files, metadata));
  pad(metadata, tokens);

  std::vector<int64_t> ends = ids_in(generation, "eos_token_id");
  if (ends.empty()) ends = configured_ids(metadata, "eos_token_id");
  std::erase_if(
      ends, [&](int64_t id) { return id < 0 || static_cast<size_t>(id) >= tokens.texts.size(); });
  if (!ends.empty()) {
    metadata.set("tokenizer.ggml.eos_token_id", static_cast<uint64_t>(ends.front()));
    metadata.set(std::string(kEndTokens), ends);
  }
  const bool adds_begin = tokens.begin.has_value();
  if (!tokens.begin) {
    const auto begins = configured_ids(metadata, "bos_token_id");
    if (begins.size() == 1 && static_cast<size_t>(begins[0]) < tokens.texts.size())
      tokens.begin = static_cast<uint64_t>(begins[0]);
  }
  if (tokens.begin) metadata.set("tokenizer.ggml.bos_token_id", *tokens.begin);
  metadata.set("tokenizer.ggml.add_bos_token", adds_begin);
  if (tokens.end) metadata.set("tokenizer.ggml.eos_token_id", *tokens.end);
  metadata.set("tokenizer.ggml.add_eos_token", tokens.end.has_value());
  metadata.set("tokenizer.ggml.model", std::string("gpt2"));
  metadata.set("tokenizer.ggml.tokens", std::move(tokens.texts));
  metadata.set("tokenizer.ggml.token_type", std::move(tokens.kinds));
  metadata.set("tokenizer.ggml.merges", std::move(tokens.merges));
  metadata.set(std::string(kPreTokenizerPatterns), std::move(tokens.patterns));
  metadata.set(std::string(kPreTokenizerComposes), tokens.composes);
  metadata.set(std::string(kPreTokenizerKeeps), tokens.keeps);
  return ok_status();
}

}  // namespace

void add_folder_tokenizer(const fs::path& folder, FolderFiles& files, Metadata& metadata) {
  const Status added = add(folder, files, metadata);
  if (!added.ok()) metadata.set(std::string(kTokenizerProblem), added.error().message);
}

}  // namespace helicon::weights
