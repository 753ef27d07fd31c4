// Any vocabulary gives an error of one line or a tokenizer; that takes any text, and an honest one
// gives it back.
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cstdlib>
#include <limits>

#include "text/test_vocabularies.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace {

using namespace helicon::text;
using Provider = FuzzedDataProvider;

constexpr std::array pre_tokenizers = {"gpt-2",        "smollm",         "qwen2",   "llama-bpe",
                                       "default",      "tekken",         "gpt-4o",  "qwen35",
                                       "deepseek-llm", "deepseek-coder", "no-such", "\n"};
constexpr std::string_view space_mark = "\xE2\x96\x81";

void require(bool condition) {
  if (!condition) std::abort();
}

std::string short_string(Provider& input) { return input.ConsumeRandomLengthString(12); }

// A vocabulary in which every byte has a token and nothing is claimed that is not so.
TestVocabulary honest_vocabulary(Provider& input, bool byte_level) {
  TestVocabulary vocabulary =
      byte_level ? TestVocabulary::byte_level(pre_tokenizers[input.ConsumeIntegralInRange(0, 9)])
                 : TestVocabulary::sentencepiece();
  if (!byte_level) {
    vocabulary.add(std::string(space_mark), TokenKind::normal, -1);
    vocabulary.set("tokenizer.ggml.add_space_prefix", input.ConsumeBool());
  }
  std::vector<std::string> pieces;
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string piece;
    append_utf8(piece, alphabet_character(static_cast<uint8_t>(byte)));
    pieces.push_back(piece);
  }
  for (int i = input.ConsumeIntegralInRange(0, 40); i > 0; --i) {
    const auto pick = [&] {
      return pieces[input.ConsumeIntegralInRange<size_t>(0, pieces.size() - 1)];
    };
    const std::string left = pick(), right = pick();
    if (input.ConsumeIntegralInRange(0, 9) == 0) {
      std::string text = short_string(input);
      for (char& byte : text) byte = static_cast<char>(byte & 0x7F);
      vocabulary.add(std::move(text), TokenKind::user_defined);
    } else if (byte_level) {
      vocabulary.merge(left, right);
      pieces.push_back(left + right);
    } else {
      vocabulary.add(left + right, TokenKind::normal, input.ConsumeIntegralInRange(-9, 9));
      pieces.push_back(left + right);
    }
  }
  return vocabulary;
}

// One that claims anything.
TestVocabulary lying_vocabulary(Provider& input, bool byte_level) {
  TestVocabulary vocabulary =
      byte_level ? TestVocabulary::byte_level(input.PickValueInArray(pre_tokenizers))
                 : TestVocabulary::sentencepiece();
  for (int i = input.ConsumeIntegralInRange(0, 20); i > 0; --i) {
    const auto kind = static_cast<TokenKind>(input.ConsumeIntegralInRange(0, 7));
    vocabulary.add(short_string(input), kind, input.ConsumeFloatingPoint<double>());
  }
  if (input.ConsumeBool()) vocabulary.merge(short_string(input), short_string(input));
  constexpr std::array keys = {"bos_token_id",     "eos_token_id",     "eot_token_id",
                               "unknown_token_id", "scores",           "token_type",
                               "tokens",           "merges",           "pre",
                               "add_bos_token",    "add_space_prefix", "model"};
  for (int i = input.ConsumeIntegralInRange(0, 3); i > 0; --i) {
    const std::string key = std::string("tokenizer.ggml.") + input.PickValueInArray(keys);
    switch (input.ConsumeIntegralInRange(0, 6)) {
      case 0:
        vocabulary.set(key, input.ConsumeIntegral<uint64_t>());
        break;
      case 1:
        vocabulary.set(key, uint64_t{input.ConsumeIntegral<uint8_t>()});
        break;
      case 2:
        vocabulary.set(key, input.ConsumeBool());
        break;
      case 3:
        vocabulary.set(key, short_string(input));
        break;
      case 4:
        vocabulary.set(key, std::vector<std::string>{short_string(input), short_string(input)});
        break;
      case 5:
        vocabulary.set(key, std::vector<double>(input.ConsumeIntegralInRange<size_t>(0, 300),
                                                std::numeric_limits<double>::infinity()));
        break;
      default:
        vocabulary.set(key, std::vector<int64_t>(input.ConsumeIntegralInRange<size_t>(0, 300),
                                                 input.ConsumeIntegral<int8_t>()));
    }
  }
  return vocabulary;
}

std::string with_replacements(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const Utf8Step step = first_utf8(bytes);
    const bool valid = step.kind == Utf8Step::Kind::valid;
    text += valid ? bytes.substr(0, step.bytes) : replacement_character;
    bytes.remove_prefix(step.bytes);
  }
  return text;
}

std::string spaces_for_marks(std::string text) {
  for (size_t at; (at = text.find(space_mark)) != std::string::npos;) {
    text.replace(at, space_mark.size(), " ");
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Provider input(data, size);
  const bool byte_level = input.ConsumeBool();
  const bool honest = input.ConsumeBool();
  const TestVocabulary vocabulary =
      honest ? honest_vocabulary(input, byte_level) : lying_vocabulary(input, byte_level);
  const auto created = Tokenizer::create(vocabulary.metadata());
  if (!created.ok()) {
    require(!honest);
    const std::string& message = created.error().message;
    require(!message.empty() && message.find('\n') == std::string::npos);
    return 0;
  }
  const Tokenizer& tokenizer = **created;
  EncodeOptions options;
  options.parse_special = input.ConsumeBool();
  options.add_special = input.ConsumeBool();
  options.normalize = input.ConsumeBool();
  const std::string text = input.ConsumeRemainingBytesAsString();

  const auto any = tokenizer.encode(text, options);
  require(any.ok());
  Detokenizer detokenizer(*created, /*skip_special=*/false);
  std::string streamed;
  for (const TokenId id : *any) {
    require(id >= 0 && static_cast<size_t>(id) < tokenizer.size());
    const std::string certain = detokenizer.push(id);
    require(with_replacements(certain) == certain);
    streamed += certain;
  }
  streamed += detokenizer.finish();
  require(streamed == with_replacements(tokenizer.decode(*any, false)));

  const auto plain = tokenizer.encode(text, {});
  require(plain.ok());
  if (honest) {
    require(tokenizer.decode(*plain, true) == (byte_level ? text : spaces_for_marks(text)));
  }
  return 0;
}
