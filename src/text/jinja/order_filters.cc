#include <fmt/format.h>

#include "text/jinja/attributes.h"
#include "text/jinja/compare.h"
#include "text/jinja/filters.h"
#include "text/jinja/iterate.h"
#include "text/jinja/operators.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

Value key_of(Sandbox& sandbox, Value value, bool case_sensitive) {
  return case_sensitive ? value : without_case(sandbox, std::move(value));
}

Before python_order(Sandbox& sandbox) {
  return [&sandbox](const Value& a, const Value& b) { return less(sandbox, a, b); };
}

Result<Value> dictsort(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  const bool case_sensitive = is_truthy(arguments[0]);
  std::string_view by = "key";
  if (arguments.has(1)) {
    HELICON_ASSIGN(by, text_argument(arguments[1]));
  }
  if (by != "key" && by != "value")
    return template_error("You can only sort by either \"key\" or \"value\"");
  if (self.is(Kind::undefined)) return template_error(self.undefined().reason);
  if (!self.is(Kind::dict))
    return template_error(fmt::format("'{}' object has no items to sort", type_name(self)));
  std::vector<Value> items, keys;
  for (const auto& [key, value] : self.dict().entries()) {
    items.push_back(make_tuple(sandbox, {key, value}));
    keys.push_back(key_of(sandbox, by == "key" ? key : value, case_sensitive));
  }
  HELICON_TRY(sort_by(items, keys, is_truthy(arguments[2]), python_order(sandbox)));
  return make_list(sandbox, std::move(items));
}

// The values to sort by: of "a,b.c" a list of each item's two attributes.
Result<Value> sort_key(Sandbox& sandbox, const Value& item, const Value& attribute,
                       bool case_sensitive) {
  std::vector<Value> parts;
  if (!attribute.is(Kind::string)) {
    HELICON_ASSIGN(Value part, get_path(sandbox, item, attribute));
    parts.push_back(key_of(sandbox, std::move(part), case_sensitive));
    return make_list(sandbox, std::move(parts));
  }
  std::string_view rest = attribute.text();
  while (true) {
    const size_t comma = std::min(rest.find(','), rest.size());
    HELICON_ASSIGN(Value part, get_path(sandbox, item,
                                        make_string(sandbox, std::string(rest.substr(0, comma)))));
    parts.push_back(key_of(sandbox, std::move(part), case_sensitive));
    if (comma == rest.size()) return make_list(sandbox, std::move(parts));
    rest.remove_prefix(comma + 1);
  }
}

Result<Value> sort(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(std::vector<Value> items, to_vector(sandbox, self));
  std::vector<Value> keys;
  for (const Value& item : items) {
    HELICON_ASSIGN(Value key, sort_key(sandbox, item, arguments[2], is_truthy(arguments[1])));
    keys.push_back(std::move(key));
  }
  HELICON_TRY(sort_by(items, keys, is_truthy(arguments[0]), python_order(sandbox)));
  return make_list(sandbox, std::move(items));
}

Result<Value> groupby(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  const bool case_sensitive = is_truthy(arguments[2]);
  HELICON_ASSIGN(std::vector<Value> items, to_vector(sandbox, self));
  std::vector<Value> pairs, keys;
  for (Value& item : items) {
    HELICON_ASSIGN(const Value key, get_path(sandbox, item, arguments[0], arguments[1]));
    keys.push_back(key_of(sandbox, key, case_sensitive));
    pairs.push_back(make_tuple(sandbox, {std::move(item), key, keys.back()}));
  }
  HELICON_TRY(sort_by(pairs, keys, false, python_order(sandbox)));
  std::vector<Value> groups;
  for (size_t start = 0; start < pairs.size();) {
    const auto& leader = pairs[start].sequence().items;
    std::vector<Value> members;
    size_t end = start;
    while (end < pairs.size() && equal(sandbox, leader[2], pairs[end].sequence().items[2])) {
      members.push_back(pairs[end++].sequence().items[0]);
    }
    HELICON_TRY(sandbox.check());
    if (end == start)
      members.push_back(pairs[end++].sequence().items[0]);  // what is not equal to itself
    std::vector<Value> group = {leader[1], make_list(sandbox, std::move(members))};
    groups.emplace_back(Kind::tuple, std::make_shared<Sequence>(&sandbox, std::move(group), true));
    start = end;
  }
  return make_list(sandbox, std::move(groups));
}

template <bool wants_greatest>
Result<Value> extreme(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  const bool case_sensitive = is_truthy(arguments[0]);
  HELICON_ASSIGN(const auto items, iterate(sandbox, self));
  Value item, best, best_key;
  while (true) {
    HELICON_ASSIGN(const bool more, items->next(sandbox, item));
    if (!more) break;
    HELICON_ASSIGN(Value key, get_path(sandbox, item, arguments[1]));
    key = key_of(sandbox, std::move(key), case_sensitive);
    if (!best.is_missing()) {
      HELICON_ASSIGN(const bool better, wants_greatest
                                            ? compare(sandbox, Comparison::greater, key, best_key)
                                            : compare(sandbox, Comparison::less, key, best_key));
      if (!better) continue;
    }
    best = std::move(item);
    best_key = std::move(key);
  }
  return best.is_missing() ? make_undefined("No aggregated item, sequence was empty.") : best;
}

Result<Value> sum(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  Value total = arguments.value_or(1, Value::integer(0));
  if (total.is(Kind::string))
    return template_error("sum() can't sum strings [use ''.join(seq) instead]");
  HELICON_ASSIGN(const auto items, iterate(sandbox, self));
  Value item;
  while (true) {
    HELICON_ASSIGN(const bool more, items->next(sandbox, item));
    if (!more) return total;
    HELICON_ASSIGN(const Value part, get_path(sandbox, item, arguments[0]));
    HELICON_ASSIGN(total, apply(sandbox, Operator::add, total, part));
    HELICON_TRY(sandbox.check());
  }
}

constexpr Builtin kFilters[] = {
    {"dictsort", "?case_sensitive by reverse", dictsort},
    {"groupby", "attribute ?default case_sensitive", groupby},
    {"max", "?case_sensitive attribute", extreme<true>},
    {"min", "?case_sensitive attribute", extreme<false>},
    {"sort", "?reverse case_sensitive attribute", sort},
    {"sum", "?attribute start", sum},
};

}  // namespace

Value without_case(Sandbox& sandbox, Value value) {
  if (!value.is(Kind::string)) return value;
  sandbox.charge_characters(value.text().size());
  return make_string(sandbox, lower_case(value.text()));
}

std::span<const Builtin> order_filters() { return kFilters; }

}  // namespace helicon::text::jinja
