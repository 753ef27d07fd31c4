#include "text/jinja/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "text/jinja/literals.h"
#include "text/jinja/representation.h"
#include "text/jinja/sandbox.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

// Line ends become \n, and one at the very end goes.
std::string normalize(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
      continue;
    }
    text += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(normalize(source)) {}

  Result<std::vector<Token>> run() {
    while (position_ < source_.size()) HELICON_TRY(read_data());
    add(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return std::string_view(source_).substr(position_); }
  bool at(std::string_view wanted) const { return rest().starts_with(wanted); }
  void skip_space() { advance(leading_space(rest())); }

  void advance(size_t bytes) {
    line_ += static_cast<int>(
        std::count(source_.begin() + static_cast<std::ptrdiff_t>(position_),
                   source_.begin() + static_cast<std::ptrdiff_t>(position_ + bytes), '\n'));
    position_ += bytes;
  }

  void add(TokenKind kind, std::string_view text) {
    tokens_.push_back(Token{kind, line_, std::string(text), 0, 0});
  }

  Error fail(std::string_view message) const { return error_at(line_, message); }

  // Text up to the next tag, and then that tag.
  Status read_data() {
    size_t start = position_;
    while (true) {
      start = source_.find('{', start);
      if (start == std::string::npos) {
        add(TokenKind::data, rest());
        advance(source_.size() - position_);
        return ok_status();
      }
      const char next = start + 1 < source_.size() ? source_[start + 1] : '\0';
      if (next == '%' || next == '{' || next == '#') break;
      ++start;
    }
    const char kind = source_[start + 1];
    const char control = start + 2 < source_.size() ? source_[start + 2] : '\0';
    std::string_view text = rest().substr(0, start - position_);
    if (control == '-') {
      text.remove_suffix(trailing_space(text));
    } else if (control != '+' && kind != '{') {
      text = without_indentation(text);
    }
    if (!text.empty()) add(TokenKind::data, text);
    advance(start - position_);
    if (kind == '#') return skip_comment();
    if (kind == '%' && take_raw_begin()) return read_raw();
    add(kind == '%' ? TokenKind::block_begin : TokenKind::variable_begin, "");
    advance(control == '-' || control == '+' ? 3 : 2);
    return kind == '%' ? read_tag("%}", TokenKind::block_end)
                       : read_tag("}}", TokenKind::variable_end);
  }

  // lstrip_blocks: white space before a tag goes if the tag is the first on its line.
  std::string_view without_indentation(std::string_view text) const {
    const size_t line_start = text.rfind('\n') + 1;  // 0 where there is none
    const bool starts_line = line_start > 0 || line_starting_;
    if (starts_line && leading_space(text.substr(line_start)) == text.size() - line_start) {
      return text.substr(0, line_start);
    }
    return text;
  }

  // Takes "}", as the end of a comment, block or raw block, with its control; false if it is not
  // here.
  bool take_end(std::string_view end) {
    const size_t sign = at("-") || at("+") ? 1 : 0;
    if (!rest().substr(sign).starts_with(end)) return false;
    const bool strips = at("-");
    if (end == "}}" && at("+")) return false;
    advance(sign + end.size());
    if (strips) {
      skip_space();
    } else if (sign == 0 && end != "}}" && at("\n")) {
      advance(1);  // trim_blocks
    }
    line_starting_ = source_[position_ - 1] == '\n';
    return true;
  }

  Status skip_comment() {
    const int opened = line_;
    advance(2);
    if (at("-") || at("+")) advance(1);
    while (true) {
      const size_t end = source_.find("#}", position_);
      if (end == std::string::npos && position_ < source_.size()) {
        return error_at(opened, "missing end of comment tag");
      }
      if (end == std::string::npos)
        return ok_status();  // jinja2 forgives a template that ends right here
      // The sign before the end belongs to it, unless it is the one that opened the comment.
      const bool has_sign = end > position_ && (source_[end - 1] == '-' || source_[end - 1] == '+');
      advance(end - (has_sign ? 1 : 0) - position_);
      if (take_end("#}")) return ok_status();
    }
  }

  // {% raw %} in all its forms.
  bool take_raw_begin() {
    size_t i = position_ + 2;
    const auto skip = [&] { i += leading_space(std::string_view(source_).substr(i)); };
    if (i < source_.size() && (source_[i] == '-' || source_[i] == '+')) ++i;
    skip();
    if (source_.compare(i, 3, "raw") != 0) return false;
    i += 3;
    skip();
    const bool strips = i < source_.size() && source_[i] == '-';
    if (strips) ++i;
    if (source_.compare(i, 2, "%}") != 0) return false;
    i += 2;
    if (strips) skip();
    advance(i - position_);
    line_starting_ = source_[position_ - 1] == '\n';
    return true;
  }

  Status read_raw() {
    const int opened = line_;
    const size_t start = position_;
    for (size_t at_tag = start; (at_tag = source_.find("{%", at_tag)) != std::string::npos;
         ++at_tag) {
      size_t i = at_tag + 2;
      const char control = i < source_.size() ? source_[i] : '\0';
      if (control == '-' || control == '+') ++i;
      i += leading_space(std::string_view(source_).substr(i));
      if (source_.compare(i, 6, "endraw") != 0) continue;
      i += 6;
      i += leading_space(std::string_view(source_).substr(i));
      const std::string_view after = std::string_view(source_).substr(i);
      if (!after.starts_with("%}") && !after.starts_with("-%}") && !after.starts_with("+%}"))
        continue;
      std::string_view text = std::string_view(source_).substr(start, at_tag - start);
      if (control == '-') {
        text.remove_suffix(trailing_space(text));
      } else if (control != '+') {
        text = without_indentation(text);
      }
      if (!text.empty()) add(TokenKind::data, text);
      advance(i - position_);
      take_end("%}");
      return ok_status();
    }
    if (rest().empty()) return ok_status();  // as with comments
    return error_at(opened, "missing end of raw directive");
  }

  Status read_tag(std::string_view end, TokenKind end_kind) {
    while (position_ < source_.size()) {
      // Inside brackets "}}" closes two of them, it does not end the tag.
      if (open_.empty()) {
        const int line = line_;
        if (take_end(end)) {
          add(end_kind, "");
          tokens_.back().line = line;
          return ok_status();
        }
      }
      if (const size_t space = leading_space(rest()); space > 0) {
        advance(space);
        continue;
      }
      HELICON_TRY(read_token());
    }
    return ok_status();  // the parser says what is missing
  }

  Status read_token() {
    const Number number = read_number(rest(), position_ > 0 && source_[position_ - 1] == '.');
    if (number.length > 0) {
      if (number.too_large) return fail("an integer does not fit into 64 bits");
      add(number.is_float ? TokenKind::floating : TokenKind::integer,
          rest().substr(0, number.length));
      tokens_.back().integer = number.integer;
      tokens_.back().floating = number.floating;
      advance(number.length);
      return ok_status();
    }
    size_t length = 0;
    while (length < rest().size()) {
      size_t next = length;
      const char32_t character = next_character(rest(), next);
      if (!is_word(character) && !has_property(character, Property::identifier_part)) break;
      length = next;
    }
    if (length > 0) {
      if (!is_identifier(rest().substr(0, length))) return fail("invalid character in identifier");
      add(TokenKind::name, rest().substr(0, length));
      advance(length);
      return ok_status();
    }
    if (at("'") || at("\"")) return read_string();
    return read_symbol();
  }

  Status read_string() {
    const char quote = source_[position_];
    size_t end = position_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) return fail("a string does not end");
    const std::string_view inside =
        std::string_view(source_).substr(position_ + 1, end - position_ - 1);
    auto text = unescape(inside);
    if (!text.ok()) return fail(text.error().message);
    add(TokenKind::string, *text);
    advance(end + 1 - position_);
    return ok_status();
  }

  Status read_symbol() {
    constexpr std::string_view symbols[] = {"**", "//", "==", "!=", ">=", "<=", "+", "-", "/",
                                            "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                            ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};
    const auto found = std::find_if(std::begin(symbols), std::end(symbols),
                                    [&](std::string_view symbol) { return at(symbol); });
    if (found == std::end(symbols)) {
      size_t length = 0;
      next_character(rest(), length);
      return fail(fmt::format("unexpected character {}", string_repr(rest().substr(0, length))));
    }
    const char first = (*found)[0];
    if (first == '(' || first == '[' || first == '{') {
      open_ += first == '(' ? ')' : first == '[' ? ']' : '}';
    } else if (first == ')' || first == ']' || first == '}') {
      if (open_.empty()) return fail(fmt::format("unexpected '{}'", first));
      if (open_.back() != first)
        return fail(fmt::format("unexpected '{}', expected '{}'", first, open_.back()));
      open_.pop_back();
    }
    add(TokenKind::symbol, *found);
    advance(found->size());
    return ok_status();
  }

  const std::string source_;
  size_t position_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::string open_;  // the closing brackets that are awaited
  std::vector<Token> tokens_;
};

}  // namespace

Error error_at(int line, std::string_view message) {
  return template_error(fmt::format("line {}: {}", line, message));
}

Result<std::vector<Token>> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace helicon::text::jinja
