#include "text/jinja/percent_format.h"

#include <fmt/format.h>

#include "text/jinja/numbers.h"
#include "text/jinja/operators.h"
#include "text/jinja/padding.h"
#include "text/jinja/representation.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

// One "%-5.2f" and what it asks for.
struct Directive {
  bool left = false, plus = false, space = false, zero = false, alternate = false;
  int64_t width = 0;
  int64_t precision = -1;
  char conversion = 0;
};

class PercentFormatter {
 public:
  PercentFormatter(Sandbox& sandbox, const Value& format, const Value& values)
      : out_(sandbox),
        sandbox_(sandbox),
        text_(format.text()),
        markup_(format.string().markup),
        values_(values) {}

  Result<Value> run() {
    while (position_ < text_.size()) {
      const size_t sign = text_.find('%', position_);
      out_.append(text_.substr(position_, sign - position_));
      if (sign == std::string_view::npos) break;
      position_ = sign + 1;
      HELICON_TRY(write_directive());
      HELICON_TRY(sandbox_.check());
    }
    const bool all_used =
        values_.is(Kind::tuple) ? next_ == values_.sequence().items.size() : single_used_;
    if (!all_used && !is_mapping())
      return template_error("not all arguments converted during string formatting");
    return make_string(sandbox_, out_.take(), markup_);
  }

 private:
  // What Python takes for a mapping here is whatever can be subscripted, a text and a tuple apart.
  bool is_mapping() const {
    return values_.is(Kind::dict) || values_.is(Kind::list) || values_.is(Kind::undefined) ||
           values_.is(Kind::range);
  }

  Result<Value> next_value() {
    if (named_) {
      Value value = *named_;
      return value;
    }
    if (values_.is(Kind::tuple)) {
      const auto& items = values_.sequence().items;
      if (next_ < items.size()) return items[next_++];
    } else if (!single_used_) {
      single_used_ = true;
      return values_;
    }
    return template_error("not enough arguments for format string");
  }

  Result<int64_t> read_number() {
    if (position_ < text_.size() && text_[position_] == '*') {
      ++position_;
      HELICON_ASSIGN(const Value value, next_value());
      if (!value.is_integral()) return template_error("* wants int");
      if (value.as_integer() > kMaxWidth || value.as_integer() < -kMaxWidth)
        return template_error("a width or precision is too big");
      return value.as_integer();
    }
    int64_t number = 0;
    while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
      number = number * 10 + (text_[position_++] - '0');
      if (number > kMaxWidth) return template_error("a width or precision is too big");
    }
    return number;
  }

  Status read_name() {
    named_.reset();
    if (position_ >= text_.size() || text_[position_] != '(') return ok_status();
    if (!is_mapping()) return template_error("format requires a mapping");
    const size_t start = ++position_;
    int open = 1;
    while (position_ < text_.size()) {
      const char c = text_[position_++];
      open += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (open == 0) break;
    }
    if (open > 0) return template_error("incomplete format key");
    const std::string_view name = text_.substr(start, position_ - 1 - start);
    if (!values_.is(Kind::dict)) return template_error("format requires a mapping");
    const Value* const found = values_.dict().find(name);
    if (found == nullptr)
      return template_error(fmt::format("format key {} is not there", string_repr(name)));
    named_ = *found;
    single_used_ = true;
    return ok_status();
  }

  Status read_directive(Directive& directive) {
    HELICON_TRY(read_name());
    for (; position_ < text_.size(); ++position_) {
      const char c = text_[position_];
      if (c == '-') {
        directive.left = true;
      } else if (c == '+') {
        directive.plus = true;
      } else if (c == ' ') {
        directive.space = true;
      } else if (c == '0') {
        directive.zero = true;
      } else if (c == '#') {
        directive.alternate = true;
      } else {
        break;
      }
    }
    HELICON_ASSIGN(directive.width, read_number());
    if (directive.width < 0) {
      directive.left = true;
      directive.width = -directive.width;
    }
    if (position_ < text_.size() && text_[position_] == '.') {
      ++position_;
      HELICON_ASSIGN(const int64_t precision, read_number());
      directive.precision = std::max<int64_t>(precision, 0);
    }
    if (position_ < text_.size() &&
        (text_[position_] == 'l' || text_[position_] == 'h' || text_[position_] == 'L')) {
      ++position_;
    }
    if (position_ >= text_.size()) return template_error("incomplete format");
    directive.conversion = text_[position_++];
    return ok_status();
  }

  Status write_directive() {
    Directive directive;
    HELICON_TRY(read_directive(directive));
    if (directive.conversion == '%') {
      out_.append("%");
      return ok_status();
    }
    if (std::string_view("sracdiuoxXeEfFgG").find(directive.conversion) == std::string_view::npos) {
      return template_error(fmt::format("unsupported format character in {}", string_repr(text_)));
    }
    HELICON_ASSIGN(const Value value, next_value());
    switch (directive.conversion) {
      case 's':
        write_text(directive, value.is(Kind::string) && !markup_ ? value.string().text
                              : markup_                          ? escape_html(sandbox_, value)
                                                                 : to_str(sandbox_, value));
        return ok_status();
      case 'r':
      case 'a': {
        std::string text = to_repr(sandbox_, value);
        if (directive.conversion == 'a') text = ascii_only(text);
        write_text(directive, markup_ ? escape_html(text) : text);
        return ok_status();
      }
      case 'c':
        return write_character(directive, value);
      default:
        return write_number(directive, value);
    }
  }

  static std::string ascii_only(std::string_view text) {
    std::string out;
    for (size_t position = 0; position < text.size();) {
      const auto character = static_cast<uint32_t>(next_character(text, position));
      if (character < 0x80) {
        out += static_cast<char>(character);
      } else if (character < 0x100) {
        out += fmt::format("\\x{:02x}", character);
      } else {
        out += character < 0x10000 ? fmt::format("\\u{:04x}", character)
                                   : fmt::format("\\U{:08x}", character);
      }
    }
    return out;
  }

  void write_text(const Directive& directive, std::string_view text) {
    if (directive.precision >= 0)
      text = text.substr(0, byte_of_character(text, static_cast<size_t>(directive.precision)));
    append_padded(out_, text, 0, directive.width, directive.left ? '<' : '>', " ");
  }

  Status write_character(const Directive& directive, const Value& value) {
    std::string text;
    if (value.is_integral()) {
      const int64_t code = value.as_integer();
      if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return template_error("%c arg not a character");
      append_character(text, static_cast<char32_t>(code));
    } else if (value.is(Kind::string) && value.string().length == 1) {
      text = value.text();
    } else {
      return template_error("%c requires int or char");
    }
    append_padded(out_, text, 0, directive.width, directive.left ? '<' : '>', " ");
    return ok_status();
  }

  Result<std::string> integer_text(const Directive& directive, const Value& value) {
    const char conversion = directive.conversion;
    const bool decimal = conversion == 'd' || conversion == 'i' || conversion == 'u';
    if (!value.is_number() || (!decimal && value.is(Kind::floating))) {
      return template_error(fmt::format("%{} format: {} is required, not {}", conversion,
                                        decimal ? "a real number" : "an integer",
                                        type_name(value)));
    }
    int64_t number = 0;
    if (value.is(Kind::floating)) {
      HELICON_ASSIGN(const auto whole, truncate(value.as_double()));
      if (!whole) return template_error("cannot convert float NaN to integer");
      number = *whole;
    } else {
      number = value.as_integer();
    }
    std::string digits = integer_digits(number,
                                        decimal             ? 10
                                        : conversion == 'o' ? 8
                                                            : 16,
                                        conversion == 'X');
    const bool negative = digits[0] == '-';
    if (negative) digits.erase(0, 1);
    if (directive.precision > static_cast<int64_t>(digits.size())) {
      HELICON_TRY(sandbox_.allow_text(static_cast<size_t>(directive.precision)));
      digits.insert(0, static_cast<size_t>(directive.precision) - digits.size(), '0');
    }
    if (directive.alternate && !decimal) digits = std::string{'0', conversion} + digits;
    return negative ? "-" + digits : digits;
  }

  Status write_number(const Directive& directive, const Value& value) {
    const bool is_integer =
        std::string_view("diuoxX").find(directive.conversion) != std::string_view::npos;
    std::string text;
    if (is_integer) {
      HELICON_ASSIGN(text, integer_text(directive, value));
    } else {
      double number = 0;
      if (value.is_number()) {
        number = value.as_double();
      } else {
        return template_error(fmt::format("must be real number, not {}", type_name(value)));
      }
      const int64_t precision = directive.precision < 0 ? 6 : directive.precision;
      HELICON_ASSIGN(
          text, float_text(sandbox_, number, directive.conversion, precision, directive.alternate));
    }
    size_t sign_length = text[0] == '-' ? 1 : 0;
    if (sign_length == 0 && (directive.plus || directive.space)) {
      text.insert(0, 1, directive.plus ? '+' : ' ');
      sign_length = 1;
    }
    if (is_integer && directive.alternate && text.size() > sign_length + 1 &&
        text[sign_length + 1] == directive.conversion) {
      sign_length += 2;
    }
    const bool zeros = directive.zero && !directive.left;
    append_padded(out_, text, sign_length, directive.width,
                  directive.left ? '<'
                  : zeros        ? '='
                                 : '>',
                  zeros ? "0" : " ");
    return ok_status();
  }

  TextBuilder out_;
  Sandbox& sandbox_;
  const std::string_view text_;
  const bool markup_;
  const Value& values_;
  size_t position_ = 0;
  size_t next_ = 0;
  bool single_used_ = false;
  std::optional<Value> named_;
};

}  // namespace

Result<Value> percent_format(Sandbox& sandbox, const Value& format, const Value& values) {
  return PercentFormatter(sandbox, format, values).run();
}

}  // namespace helicon::text::jinja
