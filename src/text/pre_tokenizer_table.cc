#include "text/pre_tokenizer_table.h"

#include <algorithm>
#include <array>

#include "weights/folder_tokenizer.h"

namespace helicon::text {
namespace {

using Pattern = std::string_view;

constexpr Pattern gpt2_words = weights::kByteLevelPattern;
constexpr Pattern digit = weights::kDigitPattern;
constexpr Pattern line_break = R"([\r\n])";
constexpr Pattern east_asian = R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";

constexpr std::array gpt2 = {gpt2_words};
constexpr std::array digits_then_gpt2 = {digit, gpt2_words};
// What converters write that do not know the tokenizer; the rule is llama.cpp's own.
constexpr std::array unnamed = {Pattern(R"([\p{P}$+<=>^~|]+)"), gpt2_words, Pattern(R"(\p{N}+)"),
                                Pattern("[0-9][0-9][0-9]")};
constexpr std::array llama3 = {
    Pattern(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
            R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)")};
constexpr std::array qwen2 = {
    Pattern(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
            R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)")};
constexpr std::array qwen35 = {
    Pattern(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|)"
            R"( ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)")};
// A word is upper-case and then lower-case letters, at least one of either.
constexpr std::array tekken = {
    Pattern(R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
            R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
            R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)")};
constexpr std::array gpt4o = {
    Pattern(R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
            R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
            R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
            R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
            R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)")};
constexpr std::array deepseek_coder = {line_break, Pattern(R"(\s?\p{L}+)"), Pattern(R"(\s?\p{P}+)"),
                                       east_asian, digit};
// The letters that have a case, as the model's tokenizer.json lists them. Its \s+$ is tried only
// where spaces begin, as it would take quadratic time from each of them.
constexpr std::array deepseek_llm = {
    line_break,
    Pattern(R"(\s?[A-Za-z)"
            R"(\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293})"
            R"(\x{295}-\x{2af}\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386})"
            R"(\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1}\x{3a3}-\x{3f5}\x{3f7}-\x{481})"
            R"(\x{48a}-\x{52f}\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5})"
            R"(\x{13f8}-\x{13fd}\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b})"
            R"(\x{1d6b}-\x{1d77}\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d})"
            R"(\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d}\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d})"
            R"(\x{1f5f}-\x{1f7d}\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe}\x{1fc2}-\x{1fc4})"
            R"(\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3}\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec})"
            R"(\x{1ff2}-\x{1ff4}\x{1ff6}-\x{1ffc}\x{2102}\x{2107}\x{210a}-\x{2113}\x{2115})"
            R"(\x{2119}-\x{211d}\x{2124}\x{2126}\x{2128}\x{212a}-\x{212d}\x{212f}-\x{2134})"
            R"(\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e}\x{2183}\x{2184})"
            R"(\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4}\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3})"
            R"(\x{a640}-\x{a66d}\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787})"
            R"(\x{a78b}-\x{a78e}\x{ab70}-\x{abbf}\x{fb00}-\x{fb06}\x{fb13}-\x{fb17})"
            R"(\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{10400}-\x{1044f}\x{104b0}-\x{104d3})"
            R"(\x{104d8}-\x{104fb}\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df})"
            R"(\x{1e900}-\x{1e943})"
            R"(]+)"),
    Pattern(R"(\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+)"),
    Pattern(R"((?<!\s)\s++$)"),
    east_asian,
    digit};

constexpr PreTokenizerDefinition table[] = {
    {.name = "command-r", .patterns = digits_then_gpt2, .composes = true},
    {.name = "deepseek-coder", .patterns = deepseek_coder},
    {.name = "deepseek-llm", .patterns = deepseek_llm},
    {.name = "deepseek-r1-qwen", .patterns = qwen2},
    {.name = "default", .patterns = unnamed},
    {.name = "falcon3", .patterns = llama3, .keeps_known_pieces = true, .adds_begin = true},
    {.name = "gpt-2", .patterns = gpt2},
    {.name = "gpt-4o", .patterns = gpt4o},
    {.name = "llama-bpe", .patterns = llama3, .keeps_known_pieces = true, .adds_begin = true},
    {.name = "llama-v3", .patterns = llama3, .keeps_known_pieces = true, .adds_begin = true},
    {.name = "llama3", .patterns = llama3, .keeps_known_pieces = true, .adds_begin = true},
    {.name = "llama4", .patterns = gpt4o},
    {.name = "mpt", .patterns = gpt2, .composes = true},
    {.name = "pixtral", .patterns = llama3, .keeps_known_pieces = true, .adds_begin = true},
    {.name = "qwen2", .patterns = qwen2, .composes = true},
    {.name = "qwen35", .patterns = qwen35, .composes = true},
    {.name = "refact", .patterns = digits_then_gpt2},
    {.name = "smaug-bpe", .patterns = llama3},
    {.name = "smollm", .patterns = digits_then_gpt2},
    {.name = "starcoder", .patterns = digits_then_gpt2},
    {.name = "tekken", .patterns = tekken, .keeps_known_pieces = true, .adds_begin = true},
};

}  // namespace

const PreTokenizerDefinition* find_pre_tokenizer(std::string_view name) {
  for (const PreTokenizerDefinition& definition : table) {
    if (definition.name == name) return &definition;
  }
  return nullptr;
}

const PreTokenizerDefinition* find_pre_tokenizer(const std::vector<std::string>& patterns) {
  for (const PreTokenizerDefinition& definition : table) {
    if (std::equal(definition.patterns.begin(), definition.patterns.end(), patterns.begin(),
                   patterns.end()))
      return &definition;
  }
  return nullptr;
}

std::string_view find_pre_tokenizer_name(const PreTokenizerDefinition& other) {
  for (const PreTokenizerDefinition& definition : table) {
    if (definition.composes == other.composes &&
        definition.keeps_known_pieces == other.keeps_known_pieces &&
        std::equal(definition.patterns.begin(), definition.patterns.end(), other.patterns.begin(),
                   other.patterns.end()))
      return definition.name;
  }
  return {};
}

}  // namespace helicon::text
