// The tokenizer of a model folder, as the metadata that a GGUF file has of one.
#pragma once

#include <filesystem>
#include <string_view>

#include "weights/folder_files.h"
#include "weights/model_file.h"

namespace helicon::weights {

// Byte-level BPE says by these keys what GGUF says by the name in tokenizer.ggml.pre: the regular
// expressions that cut a text, one after the other; whether it is brought to the form NFC before;
// and whether a piece that is a token is not merged from its bytes.
inline constexpr std::string_view kPreTokenizerPatterns = "tokenizer.folder.patterns";
inline constexpr std::string_view kPreTokenizerComposes = "tokenizer.folder.composes";
inline constexpr std::string_view kPreTokenizerKeeps = "tokenizer.folder.keeps_known_pieces";
// All tokens that end a generation, where there are more than GGUF has names for.
inline constexpr std::string_view kEndTokens = "tokenizer.folder.end_token_ids";
// Why there is no tokenizer, as a folder's tensors are of use without one: a line.
inline constexpr std::string_view kTokenizerProblem = "tokenizer.folder.problem";

// GPT-2's pattern, which a ByteLevel of that library uses where it is not told otherwise, and that
// of its Digits, one by one.
inline constexpr std::string_view kByteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kDigitPattern = R"(\p{N})";

// Reads tokenizer.json (the format of Hugging Face's tokenizers) and, where they are there,
// tokenizer_config.json, generation_config.json and chat_template.jinja. Adds tokenizer.ggml.*,
// tokenizer.chat_template and the keys above.
void add_folder_tokenizer(const std::filesystem::path& folder, FolderFiles& files,
                          Metadata& metadata);

}  // namespace helicon::weights
