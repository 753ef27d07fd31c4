// The parser's view of the tokens.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/lexer.h"

namespace helicon::text::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& current() const { return tokens_[index_]; }
  const Token& look() const { return tokens_[std::min(index_ + 1, tokens_.size() - 1)]; }
  int line() const { return current().line; }

  bool is(TokenKind kind) const { return current().kind == kind; }
  bool is_symbol(std::string_view text) const {
    return is(TokenKind::symbol) && current().text == text;
  }
  bool is_name(std::string_view text) const {
    return is(TokenKind::name) && current().text == text;
  }
  bool is_any_name(std::initializer_list<std::string_view> names) const;

  // Goes on, though never past the end.
  const Token& next();
  bool skip_symbol(std::string_view text);
  bool skip_name(std::string_view text);

  // Errors: something else is here.
  Result<std::string> expect_name();
  Status expect_symbol(std::string_view text);
  Status expect(TokenKind kind);

  // "line 3: unexpected ..., expected ...".
  Error unexpected(std::string_view expected = {}) const;

 private:
  std::vector<Token> tokens_;
  size_t index_ = 0;
};

}  // namespace helicon::text::jinja
