#include "base/base64.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>

namespace helicon {
namespace {

// OpenSSL counts in int.
constexpr size_t kQuartets = size_t{1} << 20;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), 3 * kQuartets))) {
    const std::string_view some = bytes.substr(0, 3 * kQuartets);
    std::string part((some.size() + 2) / 3 * 4 + 1, '\0');  // it writes a terminator
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(part.data()), bytes_of(some),
                                     static_cast<int>(some.size()));
    text.append(part, 0, static_cast<size_t>(size));
  }
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  const size_t padding = text.size() - text.substr(0, text.find('=')).size();
  // EVP_DecodeBlock passes over space around the text.
  if (text.size() % 4 != 0 || padding > 2 ||
      text.substr(text.size() - padding) != std::string_view("==").substr(0, padding) ||
      text.find_first_of(" \t\r\n") != std::string_view::npos)
    return std::nullopt;
  std::string bytes;
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), 4 * kQuartets))) {
    const std::string_view some = text.substr(0, 4 * kQuartets);
    std::string part(some.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(part.data()), bytes_of(some),
                        static_cast<int>(some.size())) < 0)
      return std::nullopt;
    bytes += part;
  }
  bytes.resize(bytes.size() - padding);  // for which it writes zeros
  return bytes;
}

}  // namespace helicon
