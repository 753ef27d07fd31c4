#include "text/pre_tokenizer_table.h"

#include <array>

namespace helicon::text {
namespace {

using Pattern = std::string_view;

constexpr Pattern gpt2_words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr Pattern digit = R"(\p{N})";

constexpr std::array gpt2 = {gpt2_words};
constexpr std::array digits_then_gpt2 = {digit, gpt2_words};
constexpr std::array llama3 = {
    Pattern(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
            R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)")};
constexpr std::array qwen2 = {
    Pattern(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
            R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)")};
constexpr std::array default_words = {Pattern(R"([\p{P}$+<=>^~|]+)"), gpt2_words,
                                      Pattern(R"(\p{N}+)"), Pattern(R"([0-9][0-9][0-9])")};

constexpr PreTokenizerDefinition table[] = {
    {.name = "default", .patterns = default_words},
    {.name = "gpt-2", .patterns = gpt2},
    {.name = "smollm", .patterns = digits_then_gpt2},
    {.name = "qwen2", .patterns = qwen2, .composes = true},
    {.name = "llama-bpe", .patterns = llama3, .keeps_known_pieces = true, .adds_begin = true},
    {.name = "llama3", .patterns = llama3, .keeps_known_pieces = true, .adds_begin = true},
    {.name = "llama-v3", .patterns = llama3, .keeps_known_pieces = true, .adds_begin = true},
};

}  // namespace

const PreTokenizerDefinition* find_pre_tokenizer(std::string_view name) {
  for (const PreTokenizerDefinition& definition : table) {
    if (definition.name == name) return &definition;
  }
  return nullptr;
}

}  // namespace helicon::text
