// Prompts with pictures, films and sounds among their words.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/media_encoder.h"
#include "base/result.h"
#include "chat/message.h"
#include "text/tokenizer.h"

namespace helicon::backends {

// A medium of a conversation, in its order.
struct PromptMedium {
  chat::MediumKind kind = chat::MediumKind::picture;
  EncodedMedium encoded;
  text::TokenId token = 0;  // what stands for each of its rows
  std::string placeholder;  // that token's text, which the template writes once a medium
};

// Puts in place of each placeholder what the model reads there: the marks around its medium, as
// many placeholders as it has rows, and for a film when each group of frames is shown (transformers
// 5.23.0, models/muse_spark/processing_muse_spark.py). Errors: unsupported (the template has no
// place for such a medium), invalid_argument (a text has a placeholder of its own).
Result<std::string> spell_out(std::string_view prompt, std::span<const PromptMedium> media);

// Puts the numbers of the rows in place of the tokens that stand for them. Error: internal (there
// are more or fewer).
Status number_rows(std::span<const PromptMedium> media, std::vector<text::TokenId>& tokens);

}  // namespace helicon::backends
