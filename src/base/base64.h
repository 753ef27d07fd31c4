// Base64 (RFC 4648, with its usual alphabet).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace helicon {

std::string encode_base64(std::string_view bytes);

// Nothing where the text is not whole quartets of the alphabet, padded with "=" at the end alone.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace helicon
