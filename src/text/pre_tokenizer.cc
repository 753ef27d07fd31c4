#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/pre_tokenizer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pcre2.h>

#include <algorithm>

#include "text/compose.h"
#include "text/pre_tokenizer_table.h"
#include "text/unicode_updates.h"
#include "text/utf8.h"
#include "weights/folder_tokenizer.h"
#include "weights/quoted_name.h"

namespace helicon::text {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Code = std::unique_ptr<pcre2_code, Deleter<pcre2_code_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Deleter<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Deleter<pcre2_match_context_free>>;

constexpr uint32_t match_options = PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY;

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

// A text that PCRE2 may be let loose on: valid UTF-8, with stand-ins where its tables are too old.
struct Searchable {
  std::string text;
  std::vector<size_t> stray;  // where in `text` a U+FFFD stands for one byte
};

Searchable make_searchable(std::string_view original) {
  Searchable searchable;
  searchable.text.reserve(original.size());
  while (!original.empty()) {
    // ASCII, most of most texts, goes over in one copy.
    const auto ascii_end = std::find_if(original.begin(), original.end(), [](char c) {
      return static_cast<unsigned char>(c) >= 0x80;
    });
    const auto ascii = static_cast<size_t>(ascii_end - original.begin());
    searchable.text.append(original.substr(0, ascii));
    original.remove_prefix(ascii);
    if (original.empty()) break;

    const Utf8Step step = first_utf8(original);
    if (step.kind == Utf8Step::Kind::valid) {
      const char32_t stand_in = stand_in_for(step.code_point);
      if (stand_in == step.code_point) {
        searchable.text.append(original.substr(0, step.bytes));
      } else {
        append_utf8(searchable.text, stand_in);
      }
      original.remove_prefix(step.bytes);
    } else {
      searchable.stray.push_back(searchable.text.size());
      searchable.text.append(replacement_character);
      original.remove_prefix(1);
    }
  }
  return searchable;
}

// Turns ascending ends in searchable.text into ends in the original.
void map_back(const Searchable& searchable, std::vector<size_t>& ends) {
  size_t strays_before = 0;
  for (size_t& end : ends) {
    while (strays_before < searchable.stray.size() && searchable.stray[strays_before] < end) {
      ++strays_before;
    }
    end -= strays_before * (replacement_character.size() - 1);
  }
}

}  // namespace

struct PreTokenizer::Regex {
  Code code;
  bool compiled_to_machine_code = false;

  static Result<std::shared_ptr<const Regex>> compile(std::string_view pattern);

  // Cuts each of the pieces that end at `ends` into matches and what lies between them.
  Result<std::vector<size_t>> cut(std::string_view text, const std::vector<size_t>& ends) const;
};

Result<std::shared_ptr<const PreTokenizer::Regex>> PreTokenizer::Regex::compile(
    std::string_view pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto regex = std::make_shared<Regex>();
  regex->code.reset(pcre2_compile(units(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP, &error,
                                  &offset, nullptr));
  if (!regex->code) {
    return Error{ErrorCode::internal,
                 fmt::format("pre-tokenizer: PCRE2 error {} at {} of {}", error, offset, pattern),
                 {}};
  }
  // Where machine code may not be made (hardened kernels), the interpreter gives the same result.
  regex->compiled_to_machine_code = pcre2_jit_compile(regex->code.get(), PCRE2_JIT_COMPLETE) == 0;
  return std::shared_ptr<const Regex>(std::move(regex));
}

Result<std::vector<size_t>> PreTokenizer::Regex::cut(std::string_view text,
                                                     const std::vector<size_t>& ends) const {
  const MatchData match(pcre2_match_data_create(1, nullptr));
  const MatchContext context(pcre2_match_context_create(nullptr));
  if (!match || !context) {
    return Error{ErrorCode::out_of_memory, "pre-tokenizer: no memory left", {}};
  }
  pcre2_set_match_limit(context.get(), 1'000'000'000);
  const PCRE2_SIZE* const bounds = pcre2_get_ovector_pointer(match.get());

  std::vector<size_t> pieces;
  const auto end_piece = [&](size_t end) {
    if (end > 0 && (pieces.empty() || pieces.back() < end)) pieces.push_back(end);
  };
  size_t begin = 0;
  for (const size_t end : ends) {
    const std::string_view piece = text.substr(begin, end - begin);
    for (size_t at = 0; at < piece.size();) {
      int found = pcre2_match(code.get(), units(piece), piece.size(), at, match_options,
                              match.get(), context.get());
      if (found < PCRE2_ERROR_PARTIAL && compiled_to_machine_code) {
        found = pcre2_match(code.get(), units(piece), piece.size(), at,
                            match_options | PCRE2_NO_JIT, match.get(), context.get());
      }
      if (found == PCRE2_ERROR_NOMATCH) break;
      if (found < 0) {
        return Error{ErrorCode::internal, fmt::format("pre-tokenizer: PCRE2 error {}", found), {}};
      }
      end_piece(begin + bounds[0]);
      end_piece(begin + bounds[1]);
      at = bounds[1];
    }
    end_piece(end);
    begin = end;
  }
  return pieces;
}

Result<PreTokenizer> PreTokenizer::create(std::string_view name) {
  const PreTokenizerDefinition* const definition = find_pre_tokenizer(name);
  if (definition == nullptr) {
    return Error{
        ErrorCode::unsupported,
        fmt::format("tokenizer.ggml.pre: unknown pre-tokenizer {}", weights::quoted_name(name)),
        {}};
  }
  return create(*definition);
}

Result<PreTokenizer> PreTokenizer::create(const weights::Metadata& metadata) {
  if (!metadata.contains(weights::kPreTokenizerPatterns)) {
    HELICON_ASSIGN(const std::string name, metadata.string("tokenizer.ggml.pre"));
    return create(name);
  }
  HELICON_ASSIGN(const std::vector<std::string>* patterns,
                 metadata.string_array(weights::kPreTokenizerPatterns));
  HELICON_ASSIGN(const bool composes, metadata.boolean(weights::kPreTokenizerComposes));
  HELICON_ASSIGN(const bool keeps, metadata.boolean(weights::kPreTokenizerKeeps));
  const PreTokenizerDefinition* const same = find_pre_tokenizer(*patterns);
  if (same == nullptr)
    return Error{ErrorCode::unsupported,
                 fmt::format("tokenizer.json: a pre-tokenizer that is not known: {}",
                             weights::quoted_name(fmt::format("{}", fmt::join(*patterns, " ")))),
                 {}};
  return create(PreTokenizerDefinition{.name = same->name,
                                       .patterns = same->patterns,
                                       .composes = composes,
                                       .keeps_known_pieces = keeps,
                                       .adds_begin = false});
}

Result<PreTokenizer> PreTokenizer::create(const PreTokenizerDefinition& definition) {
  PreTokenizer pre_tokenizer(definition);
  for (const std::string_view pattern : definition.patterns) {
    HELICON_ASSIGN(std::shared_ptr<const Regex> regex, Regex::compile(pattern));
    pre_tokenizer.regexes_.push_back(std::move(regex));
  }
  return pre_tokenizer;
}

std::string PreTokenizer::normalize(std::string_view text) const {
  return definition_.composes ? compose(text) : std::string(text);
}

Result<std::vector<size_t>> PreTokenizer::split(std::string_view text) const {
  const Searchable searchable = make_searchable(text);
  std::vector<size_t> ends;
  if (!searchable.text.empty()) ends.push_back(searchable.text.size());
  for (const std::shared_ptr<const Regex>& regex : regexes_) {
    HELICON_ASSIGN(ends, regex->cut(searchable.text, ends));
  }
  map_back(searchable, ends);
  return ends;
}

}  // namespace helicon::text
