// How byte-level tokenizers cut a text into the pieces that merging never crosses.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "weights/model_file.h"

namespace helicon::text {

// One line of the table of pre-tokenizers, by the name in tokenizer.ggml.pre.
struct PreTokenizerDefinition {
  std::string_view name;
  // Applied one after the other: each cuts the pieces of the one before into its matches and what
  // lies between them.
  std::span<const std::string_view> patterns;
  bool composes = false;            // the model was trained on text in Unicode's form NFC
  bool keeps_known_pieces = false;  // a piece that is a token is not merged from its bytes
  bool adds_begin = false;          // unless the file says otherwise
};

class PreTokenizer {
 public:
  // The one that a file's metadata asks for, by the name in tokenizer.ggml.pre or, of a folder, by
  // what it does. Errors: corrupt (it does not say), unsupported, naming what it asks for.
  static Result<PreTokenizer> create(const weights::Metadata& metadata);
  static Result<PreTokenizer> create(std::string_view name);

  const PreTokenizerDefinition& definition() const { return definition_; }

  // The text in the form the model was trained on. Bytes that are not UTF-8 stay as they are.
  std::string normalize(std::string_view text) const;

  // The end of each piece, in bytes, ascending; the last is text.size(). Text that is not UTF-8 is
  // cut as if each stray byte were U+FFFD. Errors: internal, if the regular expressions gave up.
  Result<std::vector<size_t>> split(std::string_view text) const;

 private:
  struct Regex;
  static Result<PreTokenizer> create(const PreTokenizerDefinition& definition);
  explicit PreTokenizer(const PreTokenizerDefinition& definition) : definition_(definition) {}

  PreTokenizerDefinition definition_;
  std::vector<std::shared_ptr<const Regex>> regexes_;
};

}  // namespace helicon::text
