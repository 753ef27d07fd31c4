// The pre-tokenizers that weight files name, each with its source in docs/tokenizers.md.
#pragma once

#include "text/pre_tokenizer.h"

namespace helicon::text {

// Null if there is none of that name.
const PreTokenizerDefinition* find_pre_tokenizer(std::string_view name);

}  // namespace helicon::text
