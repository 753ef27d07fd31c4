#include "text/jinja/lexer.h"

#include <gtest/gtest.h>

namespace helicon::text::jinja {
namespace {

// The tokens in one line: text in <>, tags by their brackets, strings in quotes.
std::string cut(std::string_view source) {
  const auto tokens = tokenize(source);
  if (!tokens.ok()) return tokens.error().message;
  std::string out;
  for (const Token& token : *tokens) {
    if (!out.empty()) out += ' ';
    switch (token.kind) {
      case TokenKind::data:
        out += "<" + token.text + ">";
        break;
      case TokenKind::block_begin:
        out += "{%";
        break;
      case TokenKind::block_end:
        out += "%}";
        break;
      case TokenKind::variable_begin:
        out += "{{";
        break;
      case TokenKind::variable_end:
        out += "}}";
        break;
      case TokenKind::string:
        out += "'" + token.text + "'";
        break;
      case TokenKind::integer:
        out += std::to_string(token.integer);
        break;
      case TokenKind::floating:
        out += "f" + std::to_string(token.floating);
        break;
      case TokenKind::name:
      case TokenKind::symbol:
        out += token.text;
        break;
      case TokenKind::end:
        out += "$";
        break;
    }
  }
  return out;
}

TEST(Lexer, CutsTextAndTags) {
  EXPECT_EQ(cut("a{{ b }}c{% d %}e{# f #}g"), "<a> {{ b }} <c> {% d %} <e> <g> $");
  EXPECT_EQ(cut(""), "$");
  EXPECT_EQ(cut("a { b } }} %} #}"), "<a { b } }} %} #}> $");
}

TEST(Lexer, BracesInsideATagBelongToIt) {
  EXPECT_EQ(cut("{{ {'a': {1: 2}} }}"), "{{ { 'a' : { 1 : 2 } } }} $");
  EXPECT_EQ(cut("{% x '%}' %}"), "{% x '%}' %} $");
}

TEST(Lexer, TrimsTheLineEndAfterABlockAndTheIndentationBeforeIt) {
  EXPECT_EQ(cut("a\n  {% b %}\nc"), "<a\n> {% b %} <c> $");
  EXPECT_EQ(cut("a\n  {# b #}\nc"), "<a\n> <c> $");
  EXPECT_EQ(cut("a\n  {{ b }}\nc"), "<a\n  > {{ b }} <\nc> $");
  EXPECT_EQ(cut("a {% b %}\n{% c %}"), "<a > {% b %} {% c %} $");
  EXPECT_EQ(cut("  {%+ b +%}\nc"), "<  > {% b %} <\nc> $");
}

TEST(Lexer, StripsOnBothSidesWhereToldTo) {
  EXPECT_EQ(cut("a \n\n {%- b -%} \n\n c"), "<a> {% b %} <c> $");
  EXPECT_EQ(cut("a \n {{- b -}} \n c"), "<a> {{ b }} <c> $");
  EXPECT_EQ(cut("a {#- b -#} c"), "<a> <c> $");
}

TEST(Lexer, OneLineEndAtTheEndGoesAndAllBecomeNewlines) {
  EXPECT_EQ(cut("a\r\nb\rc\n"), "<a\nb\nc> $");
  EXPECT_EQ(cut("a\n\n"), "<a\n> $");
}

TEST(Lexer, RawIsText) {
  EXPECT_EQ(cut("{% raw %}{{ a }}{% b %}{% endraw %}c"), "<{{ a }}{% b %}> <c> $");
  EXPECT_EQ(cut("{%- raw -%} a {%- endraw -%} b"), "<a> <b> $");
}

TEST(Lexer, ReadsNumbersAsJinja2Does) {
  EXPECT_EQ(cut("{{ 12 1_000 0x1F 0b11 0o17 }}"), "{{ 12 1000 31 3 15 }} $");
  EXPECT_EQ(cut("{{ 1.5 1e3 }}"), "{{ f1.500000 f1000.000000 }} $");
  EXPECT_EQ(cut("{{ a.1.2 007 1.x }}"), "{{ a . 1 . 2 0 7 1 . x }} $") << "no float behind a dot";
}

TEST(Lexer, ReadsEscapesAsPythonDoes) {
  EXPECT_EQ(cut(R"({{ '\x41\u00e9\101\n\'' "a\q" }})"), "{{ 'A\u00e9A\n'' 'a\\q' }} $");
  EXPECT_EQ(cut(R"({{ '\xg' }})"), "line 1: a string has a cut escape");
  EXPECT_EQ(cut(R"({{ '\ud800' }})"), "line 1: a string escapes a character that does not exist");
}

TEST(Lexer, CountsLines) {
  const auto tokens = tokenize("a\n{# x\n #}\n{% b\n c -%}\n\n d{{ e }}");
  ASSERT_TRUE(tokens.ok());
  std::vector<int> lines;
  for (const Token& token : *tokens) lines.push_back(token.line);
  EXPECT_EQ(lines, (std::vector<int>{1, 4, 4, 5, 5, 7, 7, 7, 7, 7}));
}

TEST(Lexer, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(cut("\n{{ 'a }}"), "line 2: a string does not end");
  EXPECT_EQ(cut("{{ (] }}"), "line 1: unexpected ']', expected ')'");
  EXPECT_EQ(cut("{{ ) }}"), "line 1: unexpected ')'");
  EXPECT_EQ(cut("{{ ? }}"), "line 1: unexpected character '?'");
  EXPECT_EQ(cut("a{# b"), "line 1: missing end of comment tag");
  EXPECT_EQ(cut("{% raw %}b"), "line 1: missing end of raw directive");
  EXPECT_EQ(cut("{{ 99999999999999999999 }}"), "line 1: an integer does not fit into 64 bits");
}

}  // namespace
}  // namespace helicon::text::jinja
