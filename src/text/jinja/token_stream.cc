#include "text/jinja/token_stream.h"

#include <fmt/format.h>

#include <algorithm>

namespace helicon::text::jinja {
namespace {

std::string describe(TokenKind kind, std::string_view text) {
  switch (kind) {
    case TokenKind::data:
      return "text outside of tags";
    case TokenKind::block_begin:
      return "'{%'";
    case TokenKind::block_end:
      return "'%}'";
    case TokenKind::variable_begin:
      return "'{{'";
    case TokenKind::variable_end:
      return "'}}'";
    case TokenKind::string:
      return "a string";
    case TokenKind::end:
      return "end of template";
    case TokenKind::name:
    case TokenKind::integer:
    case TokenKind::floating:
    case TokenKind::symbol:
      break;
  }
  return text.empty() ? "a name" : fmt::format("'{}'", text.substr(0, 60));
}

}  // namespace

bool TokenStream::is_any_name(std::initializer_list<std::string_view> names) const {
  return is(TokenKind::name) &&
         std::find(names.begin(), names.end(), current().text) != names.end();
}

const Token& TokenStream::next() {
  const Token& token = current();
  if (index_ + 1 < tokens_.size()) ++index_;
  return token;
}

bool TokenStream::skip_symbol(std::string_view text) {
  const bool found = is_symbol(text);
  if (found) next();
  return found;
}

bool TokenStream::skip_name(std::string_view text) {
  const bool found = is_name(text);
  if (found) next();
  return found;
}

Result<std::string> TokenStream::expect_name() {
  if (!is(TokenKind::name)) return unexpected(describe(TokenKind::name, {}));
  return next().text;
}

Status TokenStream::expect_symbol(std::string_view text) {
  if (!skip_symbol(text)) return unexpected(fmt::format("'{}'", text));
  return ok_status();
}

Status TokenStream::expect(TokenKind kind) {
  if (!is(kind)) return unexpected(describe(kind, {}));
  next();
  return ok_status();
}

Error TokenStream::unexpected(std::string_view expected) const {
  const std::string found = describe(current().kind, current().text);
  if (expected.empty()) return error_at(line(), fmt::format("unexpected {}", found));
  return error_at(line(), fmt::format("unexpected {}, expected {}", found, expected));
}

}  // namespace helicon::text::jinja
