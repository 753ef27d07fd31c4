#include "text/jinja/operators.h"

#include <fmt/format.h>

#include "text/jinja/percent_format.h"
#include "text/jinja/representation.h"

namespace helicon::text::jinja {
namespace {

Result<Value> join_text(Sandbox& sandbox, const Value& left, const Value& right) {
  const bool markup = left.string().markup || right.string().markup;
  std::string text = markup ? escape_html(sandbox, left) : left.string().text;
  HELICON_TRY(sandbox.allow_text(text.size() + right.text().size()));
  text += markup ? escape_html(sandbox, right) : right.text();
  return make_string(sandbox, std::move(text), markup);
}

Result<Value> join_sequences(Sandbox& sandbox, const Value& left, const Value& right) {
  const auto& a = left.sequence().items;
  const auto& b = right.sequence().items;
  HELICON_TRY(sandbox.allow_values(a.size() + b.size()));
  std::vector<Value> items;
  items.reserve(a.size() + b.size());
  items.insert(items.end(), a.begin(), a.end());
  items.insert(items.end(), b.begin(), b.end());
  return left.is(Kind::list) ? make_list(sandbox, std::move(items))
                             : make_tuple(sandbox, std::move(items));
}

bool is_repeatable(const Value& value) { return value.is(Kind::string) || value.is_sequence(); }

}  // namespace

Result<Value> repeat(Sandbox& sandbox, const Value& value, int64_t count) {
  const size_t times = count > 0 ? static_cast<size_t>(count) : 0;
  if (value.is(Kind::string)) {
    TextBuilder out(sandbox);
    out.append_repeated(value.text(), times);
    HELICON_TRY(sandbox.check());
    return make_string(sandbox, out.take(), value.string().markup);
  }
  const auto& items = value.sequence().items;
  size_t total = 0;
  if (__builtin_mul_overflow(items.size(), times, &total)) total = SIZE_MAX;
  HELICON_TRY(sandbox.allow_values(total));
  std::vector<Value> repeated;
  repeated.reserve(total);
  for (size_t i = 0; i < times && !items.empty(); ++i)
    repeated.insert(repeated.end(), items.begin(), items.end());
  return value.is(Kind::list) ? make_list(sandbox, std::move(repeated))
                              : make_tuple(sandbox, std::move(repeated));
}

Result<Value> apply(Sandbox& sandbox, Operator operation, const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return calculate(operation, left, right);
  if (left.is(Kind::string) && operation == Operator::modulo)
    return percent_format(sandbox, left, right);
  if (left.is(Kind::undefined)) return template_error(left.undefined().reason);
  if (right.is(Kind::undefined)) return template_error(right.undefined().reason);
  if (operation == Operator::add) {
    if (left.is(Kind::string) && right.is(Kind::string)) return join_text(sandbox, left, right);
    if (left.is_sequence() && left.kind() == right.kind())
      return join_sequences(sandbox, left, right);
    if (left.is(Kind::string)) {
      return template_error(
          fmt::format("can only concatenate str (not \"{}\") to str", type_name(right)));
    }
  }
  if (operation == Operator::multiply) {
    if (is_repeatable(left) && right.is_integral())
      return repeat(sandbox, left, right.as_integer());
    if (is_repeatable(right) && left.is_integral())
      return repeat(sandbox, right, left.as_integer());
  }
  return template_error(fmt::format("unsupported operand type(s) for {}: '{}' and '{}'",
                                    sign_of(operation), type_name(left), type_name(right)));
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escape_html(Sandbox& sandbox, const Value& value) {
  if (value.is(Kind::string) && value.string().markup) return value.string().text;
  const std::string text = to_str(sandbox, value);
  sandbox.charge_characters(text.size());
  return escape_html(text);
}

}  // namespace helicon::text::jinja
