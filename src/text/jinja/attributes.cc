#include "text/jinja/attributes.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/compare.h"
#include "text/jinja/methods.h"
#include "text/jinja/numbers.h"
#include "text/jinja/representation.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

std::string object_name(const Value& value) {
  return value.is(Kind::none) ? "None" : fmt::format("{} object", type_name(value));
}

Value no_attribute(const Value& value, std::string_view name) {
  return make_undefined(fmt::format("'{}' has no attribute {}", object_name(value),
                                    string_repr(name.substr(0, 100))));
}

Value no_element(Sandbox& sandbox, const Value& value, const Value& key) {
  return make_undefined(fmt::format("{} has no element {}", object_name(value),
                                    to_repr(sandbox, key).substr(0, 100)));
}

Value unsafe_attribute(const Value& value, std::string_view name) {
  return make_undefined(fmt::format("access to attribute {} of '{}' object is unsafe.",
                                    string_repr(name.substr(0, 100)), type_name(value)));
}

// What would change a value is out of reach in the sandbox.
bool is_mutator(Kind kind, std::string_view name) {
  constexpr std::string_view of_list[] = {"append", "clear", "pop",    "reverse",
                                          "insert", "sort",  "extend", "remove"};
  constexpr std::string_view of_dict[] = {"clear", "pop", "popitem", "setdefault", "update"};
  if (kind == Kind::list)
    return std::find(std::begin(of_list), std::end(of_list), name) != std::end(of_list);
  if (kind == Kind::dict)
    return std::find(std::begin(of_dict), std::end(of_dict), name) != std::end(of_dict);
  return false;
}

const Value* find_item(Sandbox& sandbox, const Value& value, std::string_view name) {
  sandbox.charge_text(name.size());
  return value.is(Kind::dict) ? value.dict().find(name) : nullptr;
}

// Which of `length` items an index means; no value if there is none.
std::optional<size_t> position_of(const Value& key, size_t length) {
  int64_t index = key.as_integer();
  if (index < 0) index += static_cast<int64_t>(length);
  if (index < 0 || index >= static_cast<int64_t>(length)) return std::nullopt;
  return static_cast<size_t>(index);
}

Value character_at(Sandbox& sandbox, const String& text, size_t index) {
  size_t start = index;
  if (!text.is_ascii()) {
    sandbox.charge_text(text.text.size());
    start = byte_of_character(text.text, index);
  }
  size_t end = start;
  next_character(text.text, end);
  return make_string(sandbox, text.text.substr(start, end - start), text.markup);
}

std::optional<Value> element(Sandbox& sandbox, const Value& value, const Value& key) {
  if (value.is(Kind::dict)) {
    if (!check_hashable(sandbox, key).ok()) return std::nullopt;
    const Value* const found = value.dict().find(key);
    return found == nullptr ? std::nullopt : std::optional<Value>(*found);
  }
  const bool has_positions = value.is(Kind::string) || value.is_sequence() || value.is(Kind::range);
  if (!has_positions || !key.is_integral()) return std::nullopt;
  const auto position = position_of(key, static_cast<size_t>(*length_of(value)));
  if (!position) return std::nullopt;
  if (value.is(Kind::string)) return character_at(sandbox, value.string(), *position);
  if (value.is(Kind::range))
    return Value::integer(value.range().at(static_cast<int64_t>(*position)));
  return value.sequence().items[*position];
}

struct Slice {
  int64_t start, stop, step, count;
};

// Python's slice.indices(): where a slice of `length` items starts and how many it takes.
Result<Slice> resolve_slice(int64_t length, const Value& start, const Value& stop,
                            const Value& step) {
  for (const Value* bound : {&start, &stop, &step}) {
    if (!bound->is_integral() && !bound->is(Kind::none)) {
      return template_error("slice indices must be integers or None or have an __index__ method");
    }
  }
  const int64_t by = step.is(Kind::none) ? 1 : step.as_integer();
  if (by == 0) return template_error("slice step cannot be zero");
  const int64_t lowest = by < 0 ? -1 : 0;
  const int64_t highest = by < 0 ? length - 1 : length;
  const auto clip = [&](const Value& bound, int64_t otherwise) {
    if (bound.is(Kind::none)) return otherwise;
    const int64_t index = bound.as_integer();
    return index < 0 ? std::max(index < -length ? lowest : index + length, lowest)
                     : std::min(index, highest);
  };
  const int64_t from = clip(start, by < 0 ? highest : lowest);
  const int64_t to = clip(stop, by < 0 ? lowest : highest);
  int64_t count = 0;
  if (by > 0 && from < to) count = (to - from - 1) / by + 1;
  if (by < 0 && from > to) count = by == INT64_MIN ? 1 : (from - to - 1) / -by + 1;
  return Slice{from, to, by, count};
}

Value slice_text(Sandbox& sandbox, const String& text, const Slice& slice) {
  sandbox.charge_text(text.text.size());
  if (slice.step == 1) {
    const auto byte_at = [&](int64_t index) {
      return text.is_ascii() ? static_cast<size_t>(index)
                             : byte_of_character(text.text, static_cast<size_t>(index));
    };
    const size_t from = byte_at(slice.start);
    return make_string(sandbox, text.text.substr(from, byte_at(slice.start + slice.count) - from),
                       text.markup);
  }
  std::vector<size_t> starts;
  for (size_t position = 0; position < text.text.size(); next_character(text.text, position))
    starts.push_back(position);
  starts.push_back(text.text.size());
  sandbox.charge(starts.size());
  std::string out;
  for (int64_t i = 0; i < slice.count; ++i) {
    const auto index = static_cast<size_t>(slice.start + i * slice.step);
    out.append(text.text, starts[index], starts[index + 1] - starts[index]);
  }
  return make_string(sandbox, std::move(out), text.markup);
}

Result<Value> slice_range(Sandbox& sandbox, const Range& range, const Slice& slice) {
  int64_t start = 0, stop = 0, step = 0;
  const auto item = [&](int64_t index, int64_t& result) {
    return __builtin_mul_overflow(index, range.step, &result) ||
           __builtin_add_overflow(result, range.start, &result);
  };
  if (item(slice.start, start) || item(slice.stop, stop) ||
      __builtin_mul_overflow(slice.step, range.step, &step)) {
    return too_large_integer();
  }
  return Value(Kind::range, std::make_shared<Range>(&sandbox, start, stop, step));
}

}  // namespace

std::optional<Value> find_attribute(Sandbox& sandbox, const Value& value, std::string_view name) {
  if (value.is(Kind::name_space)) {
    const Value* const found = value.name_space().find(name);
    return found == nullptr ? std::nullopt : std::optional<Value>(*found);
  }
  if (value.is(Kind::instance)) return value.instance().attribute(sandbox, name);
  if (value.is(Kind::tuple) && value.sequence().is_group) {
    if (name == "grouper") return value.sequence().items[0];
    if (name == "list") return value.sequence().items[1];
  }
  if (value.is(Kind::range)) {
    if (name == "start") return Value::integer(value.range().start);
    if (name == "stop") return Value::integer(value.range().stop);
    if (name == "step") return Value::integer(value.range().step);
  }
  if (is_mutator(value.kind(), name)) return unsafe_attribute(value, name);
  return find_method(sandbox, value, name);
}

Result<Value> get_attribute(Sandbox& sandbox, const Value& value, std::string_view name) {
  if (value.is(Kind::undefined)) return template_error(value.undefined().reason);
  if (auto attribute = find_attribute(sandbox, value, name)) return *std::move(attribute);
  if (const Value* const item = find_item(sandbox, value, name)) return *item;
  return no_attribute(value, name);
}

Result<Value> get_item(Sandbox& sandbox, const Value& value, const Value& key) {
  if (value.is(Kind::undefined)) return template_error(value.undefined().reason);
  if (auto found = element(sandbox, value, key)) return *std::move(found);
  if (!key.is(Kind::string)) return no_element(sandbox, value, key);
  if (auto attribute = find_attribute(sandbox, value, key.text())) return *std::move(attribute);
  return no_attribute(value, key.text());
}

Result<Value> get_slice(Sandbox& sandbox, const Value& value, const Value& start, const Value& stop,
                        const Value& step) {
  if (value.is(Kind::undefined)) return template_error(value.undefined().reason);
  const bool can_be_sliced = value.is(Kind::string) || value.is_sequence() || value.is(Kind::range);
  if (!can_be_sliced)
    return template_error(fmt::format("'{}' object cannot be sliced", type_name(value)));
  HELICON_ASSIGN(const Slice slice, resolve_slice(*length_of(value), start, stop, step));
  if (value.is(Kind::string)) return slice_text(sandbox, value.string(), slice);
  if (value.is(Kind::range)) return slice_range(sandbox, value.range(), slice);
  std::vector<Value> items;
  items.reserve(static_cast<size_t>(slice.count));
  const auto& source = value.sequence().items;
  for (int64_t i = 0; i < slice.count; ++i) {
    items.push_back(source[static_cast<size_t>(slice.start + i * slice.step)]);
  }
  return value.is(Kind::list) ? make_list(sandbox, std::move(items))
                              : make_tuple(sandbox, std::move(items));
}

Result<Value> get_path(Sandbox& sandbox, Value value, const Value& path, const Value& fallback) {
  const auto advance = [&](const Value& key) -> Status {
    HELICON_ASSIGN(value, get_item(sandbox, value, key));
    if (value.is(Kind::undefined) && !fallback.is_missing() && !fallback.is(Kind::none))
      value = fallback;
    return ok_status();
  };
  if (path.is(Kind::none) || path.is_missing()) return value;
  if (!path.is(Kind::string)) {
    HELICON_TRY(advance(path));
    return value;
  }
  std::string_view rest = path.text();
  while (true) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view part = rest.substr(0, dot);
    const bool is_index = !part.empty() && part.size() < 18 &&
                          part.find_first_not_of("0123456789") == std::string_view::npos;
    HELICON_TRY(advance(is_index ? Value::integer(std::stoll(std::string(part)))
                                 : make_string(sandbox, std::string(part))));
    if (dot == rest.size()) return value;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace helicon::text::jinja
