// Prints tokens of any bytes, for tests: `helicon tokenize` reads JSON, which has no broken UTF-8.
// Reads lines of hexadecimal digits; writes for each a JSON array of the ids and, in hexadecimal,
// the bytes they decode to.
#include <fmt/format.h>

#include <charconv>
#include <iostream>
#include <optional>
#include <string>

#include "text/tokenizer.h"
#include "weights/model_file.h"

namespace {

std::optional<std::string> from_hexadecimal(std::string_view digits) {
  std::string bytes;
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    const std::string pair(digits.substr(0, 2));
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(pair.c_str(), pair.c_str() + 2, byte, 16);
    if (error != std::errc() || end != pair.c_str() + 2) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
  }
  if (!digits.empty()) return std::nullopt;
  return bytes;
}

int fail(std::string_view message) {
  std::cerr << "tokenize_bytes: " << message << '\n';
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view option = count == 3 ? arguments[2] : "";
  const helicon::text::EncodeOptions options = {.parse_special = option == "--special",
                                                .normalize = option == "--normalize"};
  if (count != 2 && !options.parse_special && !options.normalize) {
    return fail("usage: tokenize_bytes MODEL [--special | --normalize]");
  }
  const auto file = helicon::weights::ModelFile::open(arguments[1]);
  if (!file) return fail(file.error().message);
  const auto tokenizer = helicon::text::Tokenizer::create(file.value()->metadata());
  if (!tokenizer) return fail(tokenizer.error().message);

  for (std::string line; std::getline(std::cin, line);) {
    const std::optional<std::string> bytes = from_hexadecimal(line);
    if (!bytes) return fail("a line is not hexadecimal");
    const auto ids = tokenizer.value()->encode(*bytes, options);
    if (!ids) return fail(ids.error().message);
    std::string decoded;
    for (const char byte : tokenizer.value()->decode(*ids, false)) {
      decoded += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    }
    std::cout << fmt::format("[[{}],\"{}\"]\n", fmt::join(*ids, ","), decoded);
  }
  return 0;
}
