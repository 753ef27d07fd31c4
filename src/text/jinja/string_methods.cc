#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/attributes.h"
#include "text/jinja/iterate.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/padding.h"
#include "text/jinja/search.h"
#include "text/jinja/text_format.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

// A text of the type of `self`: what comes of Markup is Markup.
Value like(Sandbox& sandbox, const Value& self, std::string text) {
  return make_string(sandbox, std::move(text), self.string().markup);
}

// An argument that becomes part of `self`, escaped where that is Markup.
Result<std::string> taken_in(Sandbox& sandbox, const Value& self, const Value& argument) {
  if (self.string().markup) return escape_html(sandbox, argument);
  HELICON_ASSIGN(const std::string_view text, text_argument(argument));
  return std::string(text);
}

Value list_of(Sandbox& sandbox, const Value& self, const Pieces& pieces) {
  std::vector<Value> items;
  items.reserve(pieces.size());
  for (const std::string_view piece : pieces) {
    items.push_back(like(sandbox, self, std::string(piece)));
    if (sandbox.failed()) break;
  }
  return make_list(sandbox, std::move(items));
}

template <std::string (*convert)(std::string_view)>
Result<Value> converted(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  sandbox.charge_characters(self.text().size());
  return like(sandbox, self, convert(self.text()));
}

template <bool left, bool right>
Result<Value> strip(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const std::string_view text, strip_text(self.text(), arguments[0], left, right));
  sandbox.charge_characters(self.text().size() - text.size());
  return like(sandbox, self, std::string(text));
}

template <bool from_right>
Result<Value> split(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const int64_t most, integer_argument(arguments.value_or(1, Value::integer(-1))));
  if (!arguments.has(0) || arguments[0].is(Kind::none)) {
    return list_of(sandbox, self, split_at_space(sandbox, self.text(), most, from_right));
  }
  HELICON_ASSIGN(const std::string_view separator, text_argument(arguments[0]));
  if (separator.empty()) return template_error("empty separator");
  return list_of(sandbox, self, split_at(sandbox, self.text(), separator, most, from_right));
}

Result<Value> splitlines(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  return list_of(sandbox, self, split_lines(sandbox, self.text(), is_truthy(arguments[0])));
}

template <bool from_right>
Result<Value> partition(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const std::string_view separator, text_argument(arguments[0]));
  if (separator.empty()) return template_error("empty separator");
  const std::string_view text = self.text();
  sandbox.charge_characters(text.size());
  const size_t at = from_right ? find_last_text(text, separator) : find_text(text, separator);
  std::string_view parts[3] = {text, "", ""};
  if (at != std::string_view::npos) {
    parts[0] = text.substr(0, at);
    parts[1] = separator;
    parts[2] = text.substr(at + separator.size());
  } else if (from_right) {
    std::swap(parts[0], parts[2]);
  }
  std::vector<Value> items;
  for (const std::string_view part : parts) items.push_back(like(sandbox, self, std::string(part)));
  return make_tuple(sandbox, std::move(items));
}

// The part of `self` between two optional character positions, as str.find() and its like take it.
struct Window {
  std::string_view text;
  int64_t start = 0;  // in characters; negative if there is no such part
};

Result<Window> window(Sandbox& sandbox, const Value& self, const Value& start, const Value& end) {
  const auto length = static_cast<int64_t>(self.string().length);
  const auto position = [&](const Value& value, int64_t otherwise) -> Result<int64_t> {
    if (value.is_missing() || value.is(Kind::none)) return otherwise;
    HELICON_ASSIGN(const int64_t index, integer_argument(value));
    if (index < 0) return index < -length ? 0 : index + length;
    return std::min(index, length + 1);
  };
  HELICON_ASSIGN(const int64_t from, position(start, 0));
  HELICON_ASSIGN(int64_t to, position(end, length));
  to = std::min(to, length);
  if (from > to) return Window{{}, -1};
  sandbox.charge_text(self.text().size());
  const size_t from_byte = byte_of_character(self.text(), static_cast<size_t>(from));
  const size_t to_byte = byte_of_character(self.text(), static_cast<size_t>(to));
  return Window{self.text().substr(from_byte, to_byte - from_byte), from};
}

template <bool from_right, bool must_be_there>
Result<Value> find(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const std::string_view wanted, text_argument(arguments[0]));
  HELICON_ASSIGN(const Window part, window(sandbox, self, arguments[1], arguments[2]));
  size_t at = std::string_view::npos;
  if (from_right) sandbox.charge_characters(part.text.size());
  if (part.start >= 0)
    at = from_right ? find_last_text(part.text, wanted) : find_text(part.text, wanted);
  if (at == std::string_view::npos) {
    if (must_be_there) return template_error("substring not found");
    return Value::integer(-1);
  }
  return Value::integer(part.start +
                        static_cast<int64_t>(count_characters(part.text.substr(0, at))));
}

Result<Value> count(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const std::string_view wanted, text_argument(arguments[0]));
  HELICON_ASSIGN(const Window part, window(sandbox, self, arguments[1], arguments[2]));
  if (part.start < 0) return Value::integer(0);
  const size_t found =
      wanted.empty() ? count_characters(part.text) + 1 : count_text(part.text, wanted);
  sandbox.charge(found / 8);
  return Value::integer(static_cast<int64_t>(found));
}

template <bool at_end>
Result<Value> has_affix(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const Window part, window(sandbox, self, arguments[1], arguments[2]));
  const std::vector<Value> one = {arguments[0]};
  const bool several = arguments[0].is(Kind::tuple);
  for (const Value& affix : several ? arguments[0].sequence().items : one) {
    if (!affix.is(Kind::string)) {
      return template_error(fmt::format("{} first arg must be str or a tuple of str, not {}",
                                        at_end ? "endswith" : "startswith", type_name(affix)));
    }
    if (part.start < 0) continue;
    if (at_end ? part.text.ends_with(affix.text()) : part.text.starts_with(affix.text()))
      return Value::boolean(true);
  }
  return Value::boolean(false);
}

template <bool at_end>
Result<Value> remove_affix(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const std::string_view affix, text_argument(arguments[0]));
  std::string_view text = self.text();
  if (at_end && text.ends_with(affix)) text.remove_suffix(affix.size());
  if (!at_end && text.starts_with(affix)) text.remove_prefix(affix.size());
  return like(sandbox, self, std::string(text));
}

Result<Value> replace(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const std::string_view from, text_argument(arguments[0]));
  HELICON_ASSIGN(const std::string to, taken_in(sandbox, self, arguments[1]));
  HELICON_ASSIGN(const int64_t most, integer_argument(arguments.value_or(2, Value::integer(-1))));
  HELICON_ASSIGN(std::string text, replace_text(sandbox, self.text(), from, to, most));
  return like(sandbox, self, std::move(text));
}

Result<Value> join(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const auto items, iterate(sandbox, arguments[0]));
  TextBuilder out(sandbox);
  Value item;
  for (bool first = true;; first = false) {
    HELICON_ASSIGN(const bool more, items->next(sandbox, item));
    if (!more) break;
    if (!first) out.append(self.text());
    HELICON_ASSIGN(const std::string text, taken_in(sandbox, self, item));
    out.append(text);
    HELICON_TRY(sandbox.check());
  }
  return like(sandbox, self, out.take());
}

template <char align>
Result<Value> justify(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const int64_t width, integer_argument(arguments[0]));
  std::string fill = " ";
  if (arguments.has(1)) {
    HELICON_ASSIGN(fill, taken_in(sandbox, self, arguments[1]));
  }
  if (count_characters(fill) != 1)
    return template_error("The fill character must be exactly one character long");
  TextBuilder out(sandbox);
  if (align == '^') {
    // str.center() puts the odd one left or right by the parity of the width.
    const int64_t missing =
        std::max<int64_t>(width - static_cast<int64_t>(self.string().length), 0);
    const int64_t left = missing / 2 + (missing & width & 1);
    out.append_repeated(fill, static_cast<size_t>(left));
    out.append(self.text());
    out.append_repeated(fill, static_cast<size_t>(missing - left));
  } else {
    append_padded(out, self.text(), 0, width, align, fill);
  }
  HELICON_TRY(sandbox.check());
  return like(sandbox, self, out.take());
}

Result<Value> zfill(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const int64_t width, integer_argument(arguments[0]));
  TextBuilder out(sandbox);
  const bool has_sign = self.text().starts_with('+') || self.text().starts_with('-');
  append_padded(out, self.text(), has_sign ? 1 : 0, width, '=', "0");
  HELICON_TRY(sandbox.check());
  return like(sandbox, self, out.take());
}

Result<Value> expandtabs(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const int64_t size, integer_argument(arguments.value_or(0, Value::integer(8))));
  TextBuilder out(sandbox);
  int64_t column = 0;
  const std::string_view text = self.text();
  for (size_t position = 0; position < text.size();) {
    const size_t start = position;
    const char32_t character = next_character(text, position);
    if (character == '\t') {
      const int64_t spaces = size > 0 ? size - column % size : 0;
      out.append_repeated(" ", static_cast<size_t>(spaces));
      HELICON_TRY(sandbox.check());
      column += spaces;
      continue;
    }
    out.append(text.substr(start, position - start));
    column = character == '\n' || character == '\r' ? 0 : column + 1;
  }
  return like(sandbox, self, out.take());
}

Result<Value> format(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  return text_format(sandbox, self, arguments.all);
}

Result<Value> format_map(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  if (!arguments[0].is(Kind::dict)) return template_error("format_map() needs a mapping");
  Arguments named;
  for (const auto& [key, value] : arguments[0].dict().entries()) {
    if (key.is(Kind::string)) named.named.emplace_back(key.text(), value);
  }
  return text_format(sandbox, self, named);
}

// All characters have one of the properties, and there is one.
template <Property... wanted>
Result<Value> all_are(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  sandbox.charge_characters(self.text().size());
  for (size_t position = 0; position < self.text().size();) {
    const char32_t character = next_character(self.text(), position);
    if (!(has_property(character, wanted) || ...)) return Value::boolean(false);
  }
  return Value::boolean(!self.text().empty());
}

Result<Value> isascii(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  return Value::boolean(self.string().is_ascii());
}

Result<Value> isprintable(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  if (self.text().empty()) return Value::boolean(true);
  return all_are<Property::printable>(sandbox, self, arguments);
}

Result<Value> isidentifier(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  sandbox.charge_characters(self.text().size());
  return Value::boolean(is_identifier(self.text()));
}

// Cased characters are all of one case, and there is one.
template <Property wanted, Property other>
Result<Value> is_cased_as(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  sandbox.charge_characters(self.text().size());
  bool any = false;
  for (size_t position = 0; position < self.text().size();) {
    const char32_t character = next_character(self.text(), position);
    if (has_property(character, other) || has_property(character, Property::title))
      return Value::boolean(false);
    any = any || has_property(character, wanted);
  }
  return Value::boolean(any);
}

// Every word begins with a capital and has no other.
Result<Value> istitle(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  sandbox.charge_characters(self.text().size());
  bool any = false, in_word = false;
  for (size_t position = 0; position < self.text().size();) {
    const char32_t character = next_character(self.text(), position);
    const bool capital =
        has_property(character, Property::upper) || has_property(character, Property::title);
    const bool small = has_property(character, Property::lower);
    if ((capital && in_word) || (small && !in_word)) return Value::boolean(false);
    in_word = capital || small;
    any = any || in_word;
  }
  return Value::boolean(any);
}

constexpr Builtin kMethods[] = {
    {"capitalize", "", converted<capitalize>},
    {"center", "/width ?fillchar", justify<'^'>},
    {"count", "/sub ?start end", count},
    {"endswith", "/suffix ?start end", has_affix<true>},
    {"expandtabs", "?tabsize", expandtabs},
    {"find", "/sub ?start end", find<false, false>},
    {"format", "*", format},
    {"format_map", "/mapping", format_map},
    {"index", "/sub ?start end", find<false, true>},
    {"isalnum", "",
     all_are<Property::alpha, Property::decimal, Property::digit, Property::numeric>},
    {"isalpha", "", all_are<Property::alpha>},
    {"isascii", "", isascii},
    {"isdecimal", "", all_are<Property::decimal>},
    {"isdigit", "", all_are<Property::digit>},
    {"isidentifier", "", isidentifier},
    {"islower", "", is_cased_as<Property::lower, Property::upper>},
    {"isnumeric", "", all_are<Property::numeric>},
    {"isprintable", "", isprintable},
    {"isspace", "", all_are<Property::space>},
    {"istitle", "", istitle},
    {"isupper", "", is_cased_as<Property::upper, Property::lower>},
    {"join", "/iterable", join},
    {"ljust", "/width ?fillchar", justify<'<'>},
    {"lower", "", converted<lower_case>},
    {"lstrip", "/?chars", strip<true, false>},
    {"partition", "/sep", partition<false>},
    {"removeprefix", "/prefix", remove_affix<false>},
    {"removesuffix", "/suffix", remove_affix<true>},
    {"replace", "/old new ?count", replace},
    {"rfind", "/sub ?start end", find<true, false>},
    {"rindex", "/sub ?start end", find<true, true>},
    {"rjust", "/width ?fillchar", justify<'>'>},
    {"rpartition", "/sep", partition<true>},
    {"rsplit", "?sep maxsplit", split<true>},
    {"rstrip", "/?chars", strip<false, true>},
    {"split", "?sep maxsplit", split<false>},
    {"splitlines", "?keepends", splitlines},
    {"startswith", "/prefix ?start end", has_affix<false>},
    {"strip", "/?chars", strip<true, true>},
    {"swapcase", "", converted<swap_case>},
    {"title", "", converted<title_case>},
    {"upper", "", converted<upper_case>},
    {"zfill", "/width", zfill},
};

}  // namespace

std::span<const Builtin> string_methods() { return kMethods; }

}  // namespace helicon::text::jinja
