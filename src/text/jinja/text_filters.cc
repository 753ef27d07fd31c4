#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/attributes.h"
#include "text/jinja/filters.h"
#include "text/jinja/iterate.h"
#include "text/jinja/json_out.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/padding.h"
#include "text/jinja/percent_format.h"
#include "text/jinja/representation.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

// A text as it is, also Markup; anything else as str() has it.
Value soft_text(Sandbox& sandbox, const Value& value) {
  return value.is(Kind::string) ? value : make_string(sandbox, to_str(sandbox, value));
}

// The filters that are a method of the text.
template <const auto& name>
Result<Value> by_method(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  return find_builtin(string_methods(), name)
      ->function(sandbox, soft_text(sandbox, self), arguments);
}
constexpr std::string_view kCapitalize = "capitalize", kLower = "lower", kUpper = "upper",
                           kStrip = "strip";

Result<Value> center(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  Bound with_width;
  with_width.values[0] = arguments.value_or(0, Value::integer(80));
  return find_builtin(string_methods(), "center")
      ->function(sandbox, soft_text(sandbox, self), with_width);
}

Result<Value> escape(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  return make_string(sandbox, escape_html(sandbox, self), true);
}

Result<Value> force_escape(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  const std::string text = to_str(sandbox, self);
  sandbox.charge_characters(text.size());
  return make_string(sandbox, escape_html(text), true);
}

Result<Value> safe(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  return make_string(sandbox, to_str(sandbox, self), true);
}

Result<Value> string(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  return soft_text(sandbox, self);
}

Result<Value> format(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  const Arguments& given = arguments.all;
  if (!given.positional.empty() && !given.named.empty()) {
    return template_error("can't handle positional and keyword arguments at the same time");
  }
  if (given.named.empty())
    return percent_format(sandbox, soft_text(sandbox, self), make_tuple(sandbox, given.positional));
  std::vector<Dict::Entry> entries;
  for (const auto& [name, value] : given.named)
    entries.emplace_back(make_string(sandbox, name), value);
  return percent_format(sandbox, soft_text(sandbox, self),
                        Dict::make(&sandbox, std::move(entries)));
}

Result<Value> indent(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const std::string_view text, text_argument(self));
  std::string indention;
  if (arguments.has(0) && arguments[0].is(Kind::string)) {
    indention = arguments[0].text();
  } else {
    HELICON_ASSIGN(const int64_t width, integer_argument(arguments.value_or(0, Value::integer(4))));
    TextBuilder spaces(sandbox);
    spaces.append_repeated(" ", static_cast<size_t>(std::max<int64_t>(width, 0)));
    HELICON_TRY(sandbox.check());
    indention = spaces.take();
  }
  const bool first = is_truthy(arguments[1]), blank = is_truthy(arguments[2]);
  TextBuilder out(sandbox);
  size_t number = 0;
  const std::string ended = std::string(text) + "\n";  // so that there is a line to begin with
  for (const std::string_view line : split_lines(sandbox, ended, false)) {
    const bool is_first = number++ == 0;
    if (!is_first) out.append("\n");
    if (is_first ? first : blank || !line.empty()) out.append(indention);
    out.append(line);
    HELICON_TRY(sandbox.check());
  }
  return make_string(sandbox, out.take(), self.string().markup);
}

Result<Value> join(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  const std::string separator = arguments.has(0) ? to_str(sandbox, arguments[0]) : "";
  HELICON_ASSIGN(const auto items, iterate(sandbox, self));
  TextBuilder out(sandbox);
  Value item;
  for (bool first = true;; first = false) {
    HELICON_ASSIGN(const bool more, items->next(sandbox, item));
    if (!more) break;
    if (!first) out.append(separator);
    HELICON_ASSIGN(const Value part, get_path(sandbox, item, arguments[1]));
    append_str(out, part);
    HELICON_TRY(sandbox.check());
  }
  return make_string(sandbox, out.take());
}

Result<Value> replace(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  int64_t most = -1;
  if (arguments.has(2) && !arguments[2].is(Kind::none)) {
    HELICON_ASSIGN(most, integer_argument(arguments[2]));
  }
  HELICON_ASSIGN(std::string text,
                 replace_text(sandbox, to_str(sandbox, self), to_str(sandbox, arguments[0]),
                              to_str(sandbox, arguments[1]), most));
  return make_string(sandbox, std::move(text));
}

// Unlike str.title() a word begins only after white space and opening brackets.
Result<Value> title(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  const std::string text = to_str(sandbox, self);
  sandbox.charge_characters(text.size());
  const auto splits = [](char32_t c) {
    return is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
  };
  std::string out;
  size_t position = 0;
  while (position < text.size()) {
    const size_t start = position;
    const bool is_separator = splits(next_character(text, position));
    const size_t after_first = position;
    while (position < text.size()) {
      size_t next = position;
      if (splits(next_character(text, next)) != is_separator) break;
      position = next;
    }
    out += upper_case(std::string_view(text).substr(start, after_first - start));
    out += lower_case(std::string_view(text).substr(after_first, position - after_first));
  }
  return make_string(sandbox, std::move(out));
}

Result<Value> truncate_text(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const int64_t length,
                 integer_argument(arguments.value_or(0, Value::integer(255))));
  const Value end = arguments.value_or(2, make_constant("..."));
  HELICON_TRY(text_argument(end));
  const bool has_leeway = arguments.has(3) && !arguments[3].is(Kind::none);
  HELICON_ASSIGN(const int64_t leeway,
                 integer_argument(has_leeway ? arguments[3] : Value::integer(5)));
  const auto end_length = static_cast<int64_t>(end.string().length);
  if (length < end_length)
    return template_error(fmt::format("expected length >= {}, got {}", end_length, length));
  if (leeway < 0) return template_error(fmt::format("expected leeway >= 0, got {}", leeway));
  const auto own_length = length_of(self);
  if (own_length && *own_length - leeway <= length) return self;  // also of a list
  HELICON_TRY(text_argument(self));
  std::string_view kept = self.text().substr(
      0, byte_of_character(self.text(), static_cast<size_t>(length - end_length)));
  if (!is_truthy(arguments[1])) kept = kept.substr(0, kept.rfind(' '));
  return apply(sandbox, Operator::add,
               make_string(sandbox, std::string(kept), self.string().markup), end);
}

std::string url_quoted(std::string_view text, bool in_query) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '.' || c == '-' || c == '~' || (c == '/' && !in_query);
    if (plain) {
      out += c;
    } else if (c == ' ' && in_query) {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Result<Value> urlencode(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  if (self.is(Kind::string) || !is_iterable(self))
    return make_string(sandbox, url_quoted(to_str(sandbox, self), false));
  const bool is_dict = self.is(Kind::dict);
  const Value pairs =
      is_dict ? Value(Kind::view, std::make_shared<View>(&sandbox, self, View::Part::items)) : self;
  HELICON_ASSIGN(const auto items, iterate(sandbox, pairs));
  TextBuilder out(sandbox);
  Value item;
  for (bool first = true;; first = false) {
    HELICON_ASSIGN(const bool more, items->next(sandbox, item));
    if (!more) break;
    HELICON_ASSIGN(const std::vector<Value> pair, to_vector(sandbox, item));
    if (pair.size() != 2) return template_error("urlencode needs pairs of a key and a value");
    if (!first) out.append("&");
    out.append(url_quoted(to_str(sandbox, pair[0]), true) + "=" +
               url_quoted(to_str(sandbox, pair[1]), true));
    HELICON_TRY(sandbox.check());
  }
  return make_string(sandbox, out.take());
}

Result<Value> wordcount(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  const std::string text = to_str(sandbox, self);
  sandbox.charge_characters(text.size());
  int64_t words = 0;
  bool in_word = false;
  for (size_t position = 0; position < text.size();) {
    const bool is_part = is_word(next_character(text, position));
    if (is_part && !in_word) ++words;
    in_word = is_part;
  }
  return Value::integer(words);
}

Result<Value> tojson(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  JsonStyle style;
  style.ascii_only = is_truthy(arguments[0]);
  style.sort_keys = is_truthy(arguments[3]);
  if (arguments.has(1) && arguments[1].is(Kind::string)) {
    style.indent = arguments[1].text();
  } else if (arguments.has(1) && !arguments[1].is(Kind::none)) {
    HELICON_ASSIGN(const int64_t width, integer_argument(arguments[1]));
    HELICON_TRY(sandbox.allow_text(static_cast<size_t>(std::max<int64_t>(width, 0))));
    style.indent = std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  if (style.indent) style.item_separator = ",";
  if (arguments.has(2) && !arguments[2].is(Kind::none)) {
    HELICON_ASSIGN(const std::vector<Value> separators, to_vector(sandbox, arguments[2]));
    if (separators.size() != 2) return template_error("tojson() needs two separators");
    HELICON_ASSIGN(style.item_separator, text_argument(separators[0]));
    HELICON_ASSIGN(style.key_separator, text_argument(separators[1]));
  }
  HELICON_ASSIGN(std::string text, to_json(sandbox, self, style));
  return make_string(sandbox, std::move(text));
}

constexpr Builtin kFilters[] = {
    {"capitalize", "", by_method<kCapitalize>},
    {"center", "?width", center},
    {"e", "", escape},
    {"escape", "", escape},
    {"forceescape", "", force_escape},
    {"format", "*", format},
    {"indent", "?width first blank", indent},
    {"join", "?d attribute", join},
    {"lower", "", by_method<kLower>},
    {"replace", "old new ?count", replace},
    {"safe", "", safe},
    {"string", "", string},
    {"title", "", title},
    {"tojson", "?ensure_ascii indent separators sort_keys", tojson},
    {"trim", "?chars", by_method<kStrip>},
    {"truncate", "?length killwords end leeway", truncate_text},
    {"upper", "", by_method<kUpper>},
    {"urlencode", "", urlencode},
    {"wordcount", "", wordcount},
};

}  // namespace

std::span<const Builtin> text_filters() { return kFilters; }

const Builtin* find_filter(std::string_view name) {
  for (const auto& table :
       {text_filters(), sequence_filters(), order_filters(), number_filters()}) {
    if (const Builtin* const filter = find_builtin(table, name)) return filter;
  }
  return nullptr;
}

}  // namespace helicon::text::jinja
