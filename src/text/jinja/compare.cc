#include "text/jinja/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "text/jinja/iterate.h"
#include "text/jinja/search.h"

namespace helicon::text::jinja {
namespace {

// Exact also where a double cannot hold the integer. Not a number is greater than all, equal to
// none.
int compare_numbers(const Value& left, const Value& right) {
  const auto three_way = [](auto a, auto b) { return a < b ? -1 : a > b ? 1 : 0; };
  if (left.is_integral() && right.is_integral())
    return three_way(left.as_integer(), right.as_integer());
  if (left.is(Kind::floating) && right.is(Kind::floating)) {
    const double a = left.as_double(), b = right.as_double();
    if (std::isnan(a) || std::isnan(b)) return three_way(std::isnan(a), std::isnan(b));
    return three_way(a, b);
  }
  if (left.is(Kind::floating)) return -compare_numbers(right, left);
  const double b = right.as_double();
  if (std::isnan(b)) return -1;
  if (b >= 0x1p63) return -1;
  if (b < -0x1p63) return 1;
  const auto whole = static_cast<int64_t>(b);
  if (left.as_integer() != whole) return three_way(left.as_integer(), whole);
  return three_way(0.0, b - static_cast<double>(whole));
}

bool either_is_nan(const Value& left, const Value& right) {
  return (left.is(Kind::floating) && std::isnan(left.as_double())) ||
         (right.is(Kind::floating) && std::isnan(right.as_double()));
}

bool equal_items(Sandbox& sandbox, const std::vector<Value>& left,
                 const std::vector<Value>& right) {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [&](const Value& a, const Value& b) { return equal(sandbox, a, b); });
}

bool equal_dicts(Sandbox& sandbox, const Dict& left, const Dict& right) {
  if (left.entries().size() != right.entries().size()) return false;
  for (const auto& [key, value] : left.entries()) {
    const Value* const other = right.find(key);
    if (other == nullptr || !equal(sandbox, value, *other)) return false;
  }
  return true;
}

bool equal_ranges(const Range& left, const Range& right) {
  if (left.length != right.length) return false;
  if (left.length == 0) return true;
  return left.start == right.start && (left.length == 1 || left.step == right.step);
}

Error cannot_order(std::string_view sign, const Value& left, const Value& right) {
  if (left.is(Kind::undefined)) return template_error(left.undefined().reason);
  if (right.is(Kind::undefined)) return template_error(right.undefined().reason);
  return template_error(fmt::format("'{}' not supported between instances of '{}' and '{}'", sign,
                                    type_name(left), type_name(right)));
}

// Whether left sign right, for the four signs of order.
Result<bool> ordered(Sandbox& sandbox, std::string_view sign, const Value& left,
                     const Value& right) {
  const bool allows_equal = sign.size() == 2;
  const bool wants_less = sign[0] == '<';
  const auto verdict = [&](int order) {
    return order == 0 ? allows_equal : (order < 0) == wants_less;
  };
  if (!sandbox.charge()) return sandbox.check().error();
  if (left.is_number() && right.is_number()) {
    return !either_is_nan(left, right) && verdict(compare_numbers(left, right));
  }
  if (left.is(Kind::string) && right.is(Kind::string)) {
    sandbox.charge_text(std::min(left.text().size(), right.text().size()));
    return verdict(left.text().compare(right.text()));  // the order of UTF-8 is that of code points
  }
  if (left.kind() != right.kind() || !left.is_sequence()) return cannot_order(sign, left, right);
  const std::vector<Value>& a = left.sequence().items;
  const std::vector<Value>& b = right.sequence().items;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!equal(sandbox, a[i], b[i])) return ordered(sandbox, sign, a[i], b[i]);
  }
  return verdict(a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0);
}

int rank_of_key(const Value& key) {
  switch (key.kind()) {
    case Kind::none:
      return 0;
    case Kind::undefined:
      return 1;
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
      return 2;
    case Kind::string:
      return 3;
    case Kind::tuple:
      return 4;
    default:
      return 5;
  }
}

}  // namespace

bool equal(Sandbox& sandbox, const Value& left, const Value& right) {
  if (!sandbox.charge()) return false;
  if (left.is_number() && right.is_number()) {
    return !either_is_nan(left, right) && compare_numbers(left, right) == 0;
  }
  if (left.kind() != right.kind()) return false;
  if (left.object() != nullptr && left.object() == right.object()) return true;
  switch (left.kind()) {
    case Kind::missing:
    case Kind::undefined:
    case Kind::none:
      return true;
    case Kind::string:
      if (left.text().size() != right.text().size()) return false;
      sandbox.charge_text(left.text().size());
      return left.text() == right.text();
    case Kind::list:
    case Kind::tuple:
      return equal_items(sandbox, left.sequence().items, right.sequence().items);
    case Kind::dict:
      return equal_dicts(sandbox, left.dict(), right.dict());
    case Kind::range:
      return equal_ranges(left.range(), right.range());
    default:
      return false;  // these are themselves only
  }
}

Result<bool> less(Sandbox& sandbox, const Value& left, const Value& right) {
  return ordered(sandbox, "<", left, right);
}

Result<bool> compare(Sandbox& sandbox, Comparison comparison, const Value& left,
                     const Value& right) {
  switch (comparison) {
    case Comparison::equal:
      return equal(sandbox, left, right);
    case Comparison::not_equal:
      return !equal(sandbox, left, right);
    case Comparison::less:
      return ordered(sandbox, "<", left, right);
    case Comparison::less_equal:
      return ordered(sandbox, "<=", left, right);
    case Comparison::greater:
      return ordered(sandbox, ">", left, right);
    case Comparison::greater_equal:
      return ordered(sandbox, ">=", left, right);
    case Comparison::in:
      return contains(sandbox, right, left);
    case Comparison::not_in: {
      HELICON_ASSIGN(const bool found, contains(sandbox, right, left));
      return !found;
    }
  }
  return false;
}

Result<bool> contains(Sandbox& sandbox, const Value& container, const Value& item) {
  if (container.is(Kind::string)) {
    if (!item.is(Kind::string)) {
      return template_error(
          fmt::format("'in <string>' requires string as left operand, not {}", type_name(item)));
    }
    sandbox.charge_text(container.text().size());
    return find_text(container.text(), item.text()) != std::string_view::npos;
  }
  if (container.is(Kind::dict)) {
    HELICON_TRY(check_hashable(sandbox, item));
    return container.dict().find(item) != nullptr;
  }
  auto items = iterate(sandbox, container);
  if (!items.ok()) {
    return template_error(
        fmt::format("argument of type '{}' is not iterable", type_name(container)));
  }
  Value candidate;
  while (true) {
    HELICON_ASSIGN(const bool more, (*items)->next(sandbox, candidate));
    if (!more) return false;
    if (equal(sandbox, candidate, item)) return true;
    HELICON_TRY(sandbox.check());
  }
}

int compare_keys(const Value& left, const Value& right) {
  const int rank = rank_of_key(left);
  if (rank != rank_of_key(right)) return rank - rank_of_key(right);
  switch (rank) {
    case 0:
    case 1:
      return 0;
    case 2:
      return compare_numbers(left, right);
    case 3:
      return left.text().compare(right.text());
    case 4: {
      const std::vector<Value>& a = left.sequence().items;
      const std::vector<Value>& b = right.sequence().items;
      for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (const int order = compare_keys(a[i], b[i]); order != 0) return order;
      }
      return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
    }
    default:
      return std::less<>()(left.object(), right.object()) ? -1
             : left.object() != right.object()            ? 1
                                                          : 0;
  }
}

int compare_key(const Value& left, std::string_view right) {
  if (!left.is(Kind::string)) return rank_of_key(left) - 3;
  return left.text().compare(right);
}

Status check_hashable(Sandbox& sandbox, const Value& value) {
  if (!sandbox.charge()) return sandbox.check();
  if (value.is(Kind::list) || value.is(Kind::dict) || value.is(Kind::view)) {
    return template_error(fmt::format("unhashable type: '{}'", type_name(value)));
  }
  if (value.is(Kind::string)) sandbox.charge_text(value.text().size());
  if (value.is(Kind::tuple)) {
    for (const Value& item : value.sequence().items) HELICON_TRY(check_hashable(sandbox, item));
  }
  return ok_status();
}

Status sort_by(std::vector<Value>& items, const std::vector<Value>& keys, bool reverse,
               const Before& before) {
  // A merge sort of its own: the standard library's are undefined where the order is none, as it is
  // once a comparison fails, or with values that are not a number.
  std::vector<size_t> order(items.size()), merged(items.size());
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t width = 1; width < order.size(); width *= 2) {
    for (size_t low = 0; low < order.size(); low += 2 * width) {
      const size_t middle = std::min(low + width, order.size());
      const size_t high = std::min(low + 2 * width, order.size());
      size_t left = low, right = middle, out = low;
      while (left < middle && right < high) {
        const Value& first = keys[order[left]];
        const Value& second = keys[order[right]];
        HELICON_ASSIGN(const bool take_right,
                       reverse ? before(first, second) : before(second, first));
        merged[out++] = take_right ? order[right++] : order[left++];
      }
      while (left < middle) merged[out++] = order[left++];
      while (right < high) merged[out++] = order[right++];
    }
    order.swap(merged);
  }
  std::vector<Value> sorted;
  sorted.reserve(items.size());
  for (const size_t index : order) sorted.push_back(std::move(items[index]));
  items = std::move(sorted);
  return ok_status();
}

}  // namespace helicon::text::jinja
