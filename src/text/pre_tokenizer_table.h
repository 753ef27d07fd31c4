// The pre-tokenizers that weight files name, each with its source in docs/tokenizers.md.
#pragma once

#include <string>
#include <vector>

#include "text/pre_tokenizer.h"

namespace helicon::text {

// Null if there is none of that name.
const PreTokenizerDefinition* find_pre_tokenizer(std::string_view name);
// One that cuts by just these, whatever it is called.
const PreTokenizerDefinition* find_pre_tokenizer(const std::vector<std::string>& patterns);

}  // namespace helicon::text
