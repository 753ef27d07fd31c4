// Unicode's normal form NFC, for the tokenizers that were trained on text in it.
#pragma once

#include <string>
#include <string_view>

namespace helicon::text {

// Bytes that are not UTF-8 stay as they are and take part in nothing. O(n log n) whatever the text.
std::string compose(std::string_view text);

}  // namespace helicon::text
