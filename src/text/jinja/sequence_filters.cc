#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "text/jinja/attributes.h"
#include "text/jinja/compare.h"
#include "text/jinja/filters.h"
#include "text/jinja/iterate.h"
#include "text/jinja/methods.h"
#include "text/jinja/operators.h"
#include "text/jinja/representation.h"
#include "text/jinja/tests.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

Result<Value> attribute(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const std::string_view name, text_argument(arguments[0]));
  if (self.is(Kind::undefined)) return template_error(self.undefined().reason);
  if (auto found = find_attribute(sandbox, self, name)) return *std::move(found);
  return make_undefined(
      fmt::format("'{}' has no attribute {}", type_name(self), string_repr(name.substr(0, 100))));
}

Result<Value> default_value(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  const bool replaces = self.is(Kind::undefined) || (is_truthy(arguments[1]) && !is_truthy(self));
  if (!replaces) return self;
  return arguments.has(0) ? arguments[0] : make_string(sandbox, "");
}

Result<Value> length(Sandbox& /*sandbox*/, const Value& self, const Bound& /*arguments*/) {
  if (const auto count = length_of(self)) return Value::integer(*count);
  return template_error(fmt::format("object of type '{}' has no len()", type_name(self)));
}

Result<Value> list(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  HELICON_ASSIGN(std::vector<Value> items, to_vector(sandbox, self));
  return make_list(sandbox, std::move(items));
}

Result<Value> first(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  HELICON_ASSIGN(const auto items, iterate(sandbox, self));
  Value item;
  HELICON_ASSIGN(const bool any, items->next(sandbox, item));
  return any ? item : make_undefined("No first item, sequence was empty.");
}

bool is_reversible(const Value& value) { return is_iterable(value) && !value.is(Kind::iterator); }

Result<Value> last(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  if (!is_reversible(self))
    return template_error(fmt::format("'{}' object is not reversible", type_name(self)));
  if (self.is_sequence() || self.is(Kind::string) || self.is(Kind::range)) {
    if (*length_of(self) == 0) return make_undefined("No last item, sequence was empty.");
    return get_item(sandbox, self, Value::integer(-1));
  }
  HELICON_ASSIGN(const std::vector<Value> items, to_vector(sandbox, self));
  return items.empty() ? make_undefined("No last item, sequence was empty.") : items.back();
}

Result<Value> reverse(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  if (self.is(Kind::string))
    return get_slice(sandbox, self, Value::none(), Value::none(), Value::integer(-1));
  if (!is_iterable(self)) return template_error("argument must be iterable");
  HELICON_ASSIGN(std::vector<Value> items, to_vector(sandbox, self));
  std::reverse(items.begin(), items.end());
  Value reversed = make_list(sandbox, std::move(items));
  if (self.is(Kind::iterator))
    return reversed;  // Python gives a list here, and an iterator of all else
  HELICON_ASSIGN(auto walk, iterate(sandbox, reversed));
  return Value(Kind::iterator, std::move(walk));
}

Result<Value> items(Sandbox& sandbox, const Value& self, const Bound& /*arguments*/) {
  // As every generator it fails only once it is asked for an item.
  const auto step = [self, index = size_t{0}](Sandbox& inner, Value& item) mutable -> Result<bool> {
    if (self.is(Kind::undefined)) return false;
    if (!self.is(Kind::dict)) return template_error("Can only get item pairs from a mapping.");
    const auto& entries = self.dict().entries();
    if (index == entries.size()) return false;
    item = make_tuple(inner, {entries[index].first, entries[index].second});
    ++index;
    return true;
  };
  return make_generator(sandbox, self.depth(), step);
}

// What map, select and reject do to one item; made when the first one is asked for.
using Action = std::function<Result<Value>(Sandbox&, const Value&)>;

Result<Action> action_of_map(const Arguments& given) {
  if (!given.positional.empty()) {
    HELICON_ASSIGN(const std::string_view name, text_argument(given.positional[0]));
    const Builtin* const filter = find_filter(name);
    if (filter == nullptr)
      return template_error(fmt::format("No filter named {}.", string_repr(name.substr(0, 100))));
    Arguments rest{{given.positional.begin() + 1, given.positional.end()}, given.named};
    return Action([filter, rest](Sandbox& sandbox, const Value& item) {
      return call_builtin(sandbox, *filter, item, rest);
    });
  }
  Value path, fallback;
  for (const auto& [name, value] : given.named) {
    if (name == "attribute") {
      path = value;
    } else if (name == "default") {
      fallback = value;
    } else if (!path.is_missing()) {
      return template_error(fmt::format("Unexpected keyword argument '{}'", name.substr(0, 100)));
    }
  }
  if (path.is_missing()) return template_error("map requires a filter argument");
  return Action([path, fallback](Sandbox& sandbox, const Value& item) {
    return get_path(sandbox, item, path, fallback);
  });
}

// Whether one item passes: [attribute,] [name of a test, its arguments...].
Result<Action> action_of_select(const Arguments& given, bool of_attribute) {
  Value path;
  size_t used = 0;
  if (of_attribute) {
    if (given.positional.empty()) return template_error("Missing parameter for attribute name");
    path = given.positional[used++];
  }
  const Builtin* test = nullptr;
  Arguments rest;
  if (given.positional.size() > used) {
    HELICON_ASSIGN(const std::string_view name, text_argument(given.positional[used]));
    test = find_test(name);
    if (test == nullptr)
      return template_error(fmt::format("No test named {}.", string_repr(name.substr(0, 100))));
    rest.positional.assign(given.positional.begin() + static_cast<std::ptrdiff_t>(used) + 1,
                           given.positional.end());
    rest.named = given.named;
  }
  return Action([path, test, rest](Sandbox& sandbox, const Value& item) -> Result<Value> {
    HELICON_ASSIGN(Value value, get_path(sandbox, item, path));
    if (test == nullptr) return value;
    return call_builtin(sandbox, *test, value, rest);
  });
}

int depth_of(const Value& self, const Arguments& given) {
  int depth = self.depth();
  for (const Value& value : given.positional) depth = std::max(depth, value.depth());
  for (const auto& [name, value] : given.named) depth = std::max(depth, value.depth());
  return depth;
}

// Walks over `source` and hands each item to an action that is made at the first one.
class Applied : public Iterator {
 public:
  enum class Use { map, select, reject };
  Applied(Sandbox* sandbox, Value source, Arguments given, Use use, bool of_attribute)
      : Iterator(sandbox, sizeof(Applied), depth_of(source, given) + 1),
        source_(std::move(source)),
        given_(std::move(given)),
        use_(use),
        of_attribute_(of_attribute) {}

  Result<bool> next(Sandbox& sandbox, Value& item) override {
    if (ended_) return false;
    auto more = advance(sandbox, item);
    if (!more.ok() || !*more) ended_ = true;
    return more;
  }

 private:
  Result<bool> advance(Sandbox& sandbox, Value& item) {
    if (!is_truthy(source_)) return false;
    if (!walk_) {
      HELICON_ASSIGN(action_, use_ == Use::map ? action_of_map(given_)
                                               : action_of_select(given_, of_attribute_));
      HELICON_ASSIGN(walk_, iterate(sandbox, source_));
    }
    Value candidate;
    while (true) {
      if (!sandbox.charge()) return sandbox.check().error();
      HELICON_ASSIGN(const bool more, walk_->next(sandbox, candidate));
      if (!more) return false;
      HELICON_ASSIGN(Value outcome, action_(sandbox, candidate));
      if (use_ == Use::map) {
        item = std::move(outcome);
        return true;
      }
      if (is_truthy(outcome) == (use_ == Use::select)) {
        item = std::move(candidate);
        return true;
      }
    }
  }

  const Value source_;
  const Arguments given_;
  const Use use_;
  const bool of_attribute_;
  Action action_;
  std::shared_ptr<Iterator> walk_;
  bool ended_ = false;
};

template <Applied::Use use, bool of_attribute>
Result<Value> applied(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  return Value(Kind::iterator,
               std::make_shared<Applied>(&sandbox, self, arguments.all, use, of_attribute));
}

// The filters from here on are generators in Python: they look at what they were given only when
// the first item is asked for.

Result<Value> batch(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const int64_t size, integer_argument(arguments[0]));
  const Value fill = arguments.value_or(1, Value::none());
  std::shared_ptr<Iterator> walk;
  std::vector<Value> row;
  const auto step = [=](Sandbox& inner, Value& item) mutable -> Result<bool> {
    if (!walk) {
      HELICON_ASSIGN(walk, iterate(inner, self));
    }
    Value next;
    while (true) {
      HELICON_ASSIGN(const bool more, walk->next(inner, next));
      if (!more) break;
      // A batch ends when an item comes that is too many for it, which begins the next.
      const bool is_full = static_cast<int64_t>(row.size()) == size;
      if (is_full) item = make_list(inner, std::exchange(row, {}));
      row.push_back(std::move(next));
      if (is_full) return true;
    }
    if (row.empty()) return false;
    if (!fill.is(Kind::none) && static_cast<int64_t>(row.size()) < size) {
      HELICON_TRY(inner.allow_values(static_cast<size_t>(size)));
      row.resize(static_cast<size_t>(size), fill);
    }
    item = make_list(inner, std::exchange(row, {}));
    return true;
  };
  return make_generator(sandbox, std::max(self.depth(), fill.depth()), step);
}

Result<Value> slice(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  HELICON_ASSIGN(const int64_t slices, integer_argument(arguments[0]));
  const Value fill = arguments.value_or(1, Value::none());
  std::optional<std::vector<Value>> all;
  int64_t number = 0;
  const auto step = [=](Sandbox& inner, Value& item) mutable -> Result<bool> {
    if (!all) {
      HELICON_ASSIGN(all, to_vector(inner, self));
    }
    if (slices == 0) return template_error("integer division or modulo by zero");
    if (number >= slices) return false;
    const auto count = static_cast<int64_t>(all->size());
    const int64_t each = count / slices, with_one_more = count % slices;
    const int64_t start = number * each + std::min(number, with_one_more);
    const int64_t end = start + each + (number < with_one_more ? 1 : 0);
    std::vector<Value> part(all->begin() + start, all->begin() + end);
    if (!fill.is(Kind::none) && number >= with_one_more) part.push_back(fill);
    ++number;
    item = make_list(inner, std::move(part));
    return true;
  };
  return make_generator(sandbox, std::max(self.depth(), fill.depth()), step);
}

struct KeyLess {
  bool operator()(const Value& a, const Value& b) const { return compare_keys(a, b) < 0; }
};

Result<Value> unique(Sandbox& sandbox, const Value& self, const Bound& arguments) {
  const bool case_sensitive = is_truthy(arguments[0]);
  const Value path = arguments[1];
  std::shared_ptr<Iterator> walk;
  std::set<Value, KeyLess> seen;
  const auto step = [=](Sandbox& inner, Value& item) mutable -> Result<bool> {
    if (!walk) {
      HELICON_ASSIGN(walk, iterate(inner, self));
    }
    while (true) {
      HELICON_ASSIGN(const bool more, walk->next(inner, item));
      if (!more) return false;
      HELICON_ASSIGN(Value key, get_path(inner, item, path));
      if (!case_sensitive) key = without_case(inner, std::move(key));
      HELICON_TRY(check_hashable(inner, key));
      if (seen.insert(key).second) return true;
    }
  };
  return make_generator(sandbox, self.depth(), step);
}

constexpr Builtin kFilters[] = {
    {"attr", "name", attribute},
    {"batch", "linecount ?fill_with", batch},
    {"count", "", length},
    {"d", "?default_value boolean", default_value},
    {"default", "?default_value boolean", default_value},
    {"first", "", first},
    {"items", "", items},
    {"last", "", last},
    {"length", "", length},
    {"list", "", list},
    {"map", "*", applied<Applied::Use::map, false>},
    {"reject", "*", applied<Applied::Use::reject, false>},
    {"rejectattr", "*", applied<Applied::Use::reject, true>},
    {"reverse", "", reverse},
    {"select", "*", applied<Applied::Use::select, false>},
    {"selectattr", "*", applied<Applied::Use::select, true>},
    {"slice", "slices ?fill_with", slice},
    {"unique", "?case_sensitive attribute", unique},
};

}  // namespace

std::span<const Builtin> sequence_filters() { return kFilters; }

}  // namespace helicon::text::jinja
