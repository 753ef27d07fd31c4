// The pre-tokenizers that weight files name, each with its source in docs/tokenizers.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/pre_tokenizer.h"

namespace helicon::text {

// Null if there is none of that name.
const PreTokenizerDefinition* find_pre_tokenizer(std::string_view name);
// One that cuts by just these, whatever it is called.
const PreTokenizerDefinition* find_pre_tokenizer(const std::vector<std::string>& patterns);
// The name of one that cuts and composes as `other` does; empty if there is none.
std::string_view find_pre_tokenizer_name(const PreTokenizerDefinition& other);

}  // namespace helicon::text
