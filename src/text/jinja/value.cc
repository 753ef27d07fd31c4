#include "text/jinja/value.h"

#include <algorithm>
#include <numeric>

#include "text/jinja/compare.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

int deepest(const std::vector<Value>& items) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  return depth + 1;
}

int deepest(const std::vector<Dict::Entry>& entries) {
  int depth = 0;
  for (const auto& [key, value] : entries) depth = std::max({depth, key.depth(), value.depth()});
  return depth + 1;
}

int64_t count_of_range(int64_t start, int64_t stop, int64_t step) {
  const auto distance = [](int64_t low, int64_t high) {
    return static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  };
  const uint64_t magnitude =
      step > 0 ? static_cast<uint64_t>(step) : ~static_cast<uint64_t>(step) + 1;
  uint64_t count = 0;
  if (step > 0 && start < stop) count = (distance(start, stop) - 1) / magnitude + 1;
  if (step < 0 && start > stop) count = (distance(stop, start) - 1) / magnitude + 1;
  return static_cast<int64_t>(std::min<uint64_t>(count, INT64_MAX));
}

}  // namespace

Object::Object(Sandbox* sandbox, size_t bytes, int depth)
    : sandbox_(sandbox), bytes_(bytes), depth_(depth) {
  if (sandbox_ == nullptr) return;
  sandbox_->hold(bytes_);
  if (depth_ > kMaxValueDepth) sandbox_->fail("its values are nested too deeply");
}

Object::~Object() {
  if (sandbox_ != nullptr) sandbox_->release(bytes_);
}

Value Value::boolean(bool value) {
  Value result(Kind::boolean);
  result.boolean_ = value;
  return result;
}

Value Value::integer(int64_t value) {
  Value result(Kind::integer);
  result.integer_ = value;
  return result;
}

Value Value::floating(double value) {
  Value result(Kind::floating);
  result.floating_ = value;
  return result;
}

int64_t Value::as_integer() const {
  assert(is_integral());
  return is(Kind::boolean) ? int64_t{boolean_} : integer_;
}

double Value::as_double() const {
  assert(is_number());
  return is(Kind::floating) ? floating_ : static_cast<double>(as_integer());
}

std::string_view Value::text() const { return string().text; }

const Sequence& Value::sequence() const {
  assert(is_sequence());
  return static_cast<const Sequence&>(*object_);
}

String::String(Sandbox* sandbox, std::string content, bool is_markup)
    : Object(sandbox, sizeof(String) + content.capacity(), 0),
      text(std::move(content)),
      length(count_characters(text)),
      markup(is_markup) {
  if (sandbox != nullptr) sandbox->charge_text(text.size());
}

Sequence::Sequence(Sandbox* sandbox, std::vector<Value> content, bool group)
    : Object(sandbox, sizeof(Sequence) + content.size() * sizeof(Value), deepest(content)),
      items(std::move(content)),
      is_group(group) {
  if (sandbox != nullptr) sandbox->charge(1 + items.size() / 8);
}

Dict::Dict(Sandbox* sandbox, std::vector<Entry> entries, std::vector<uint32_t> order)
    : Object(sandbox, sizeof(Dict) + entries.size() * (sizeof(Entry) + sizeof(uint32_t)),
             deepest(entries)),
      entries_(std::move(entries)),
      order_(std::move(order)) {
  if (sandbox != nullptr) sandbox->charge(1 + entries_.size());
}

Value Dict::make(Sandbox* sandbox, std::vector<Entry> entries) {
  std::vector<uint32_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return compare_keys(entries[a].first, entries[b].first) < 0;
  });
  // Of equal keys the first keeps its place and takes the last one's value.
  bool has_twins = false;
  for (size_t first = 0; first < order.size();) {
    size_t next = first + 1;
    while (next < order.size() &&
           compare_keys(entries[order[first]].first, entries[order[next]].first) == 0) {
      entries[order[first]].second = entries[order[next]].second;
      entries[order[next]].first = Value();
      has_twins = true;
      ++next;
    }
    first = next;
  }
  if (has_twins) {
    std::erase_if(entries, [](const Entry& entry) { return entry.first.is_missing(); });
    return make(sandbox, std::move(entries));
  }
  return Value(Kind::dict, std::make_shared<Dict>(sandbox, std::move(entries), std::move(order)));
}

const Value* Dict::find(const Value& key) const {
  const auto found =
      std::lower_bound(order_.begin(), order_.end(), key, [&](uint32_t index, const Value& wanted) {
        return compare_keys(entries_[index].first, wanted) < 0;
      });
  if (found == order_.end() || compare_keys(entries_[*found].first, key) != 0) return nullptr;
  return &entries_[*found].second;
}

const Value* Dict::find(std::string_view key) const {
  const auto found = std::lower_bound(order_.begin(), order_.end(), key,
                                      [&](uint32_t index, std::string_view wanted) {
                                        return compare_key(entries_[index].first, wanted) < 0;
                                      });
  if (found == order_.end() || compare_key(entries_[*found].first, key) != 0) return nullptr;
  return &entries_[*found].second;
}

View::View(Sandbox* sandbox, Value of, Part shown)
    : Object(sandbox, sizeof(View), of.depth() + 1), dict(std::move(of)), part(shown) {}

Range::Range(Sandbox* sandbox, int64_t from, int64_t to, int64_t by)
    : Object(sandbox, sizeof(Range), 0),
      start(from),
      stop(to),
      step(by),
      length(count_of_range(from, to, by)) {}

const Value* Namespace::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Namespace::set(Sandbox& sandbox, std::string_view name, Value value) {
  sandbox.charge(1 + entries_.size() / 16);
  for (auto& [key, current] : entries_) {
    if (key != name) continue;
    current = std::move(value);
    return;
  }
  sandbox.hold(sizeof(entries_[0]) + name.size());
  entries_.emplace_back(name, std::move(value));
}

std::optional<Value> Instance::attribute(Sandbox& /*sandbox*/, std::string_view /*name*/) {
  return std::nullopt;
}

Value make_string(Sandbox& sandbox, std::string text, bool markup) {
  return Value(Kind::string, std::make_shared<String>(&sandbox, std::move(text), markup));
}

Value make_constant(std::string text) {
  return Value(Kind::string, std::make_shared<String>(nullptr, std::move(text), false));
}

Value make_list(Sandbox& sandbox, std::vector<Value> items) {
  return Value(Kind::list, std::make_shared<Sequence>(&sandbox, std::move(items), false));
}

Value make_tuple(Sandbox& sandbox, std::vector<Value> items) {
  return Value(Kind::tuple, std::make_shared<Sequence>(&sandbox, std::move(items), false));
}

Value make_namespace(Sandbox& sandbox) {
  Namespace* const kept = sandbox.keep(std::make_unique<Namespace>(&sandbox));
  return Value(Kind::name_space, std::shared_ptr<Object>(std::shared_ptr<Object>(), kept));
}

Value make_undefined(std::string reason) {
  return Value(Kind::undefined, std::make_shared<Undefined>(std::move(reason)));
}

bool is_truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::missing:
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
      return value.as_boolean();
    case Kind::integer:
      return value.as_integer() != 0;
    case Kind::floating:
      return value.as_double() != 0;
    case Kind::string:
      return !value.text().empty();
    case Kind::list:
    case Kind::tuple:
      return !value.sequence().items.empty();
    case Kind::dict:
      return !value.dict().entries().empty();
    case Kind::view:
      return !value.view().dict.dict().entries().empty();
    case Kind::range:
      return value.range().length != 0;
    case Kind::iterator:
    case Kind::name_space:
    case Kind::instance:
      return true;
  }
  return true;
}

std::optional<int64_t> length_of(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return 0;
    case Kind::string:
      return static_cast<int64_t>(value.string().length);
    case Kind::list:
    case Kind::tuple:
      return static_cast<int64_t>(value.sequence().items.size());
    case Kind::dict:
      return static_cast<int64_t>(value.dict().entries().size());
    case Kind::view:
      return static_cast<int64_t>(value.view().dict.dict().entries().size());
    case Kind::range:
      return value.range().length;
    default:
      return std::nullopt;
  }
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::missing:
    case Kind::undefined:
      return "Undefined";
    case Kind::none:
      return "NoneType";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::floating:
      return "float";
    case Kind::string:
      return value.string().markup ? "Markup" : "str";
    case Kind::list:
      return "list";
    case Kind::tuple:
      return "tuple";
    case Kind::dict:
      return "dict";
    case Kind::view:
      switch (value.view().part) {
        case View::Part::keys:
          return "dict_keys";
        case View::Part::values:
          return "dict_values";
        case View::Part::items:
          return "dict_items";
      }
      return "dict_items";
    case Kind::range:
      return "range";
    case Kind::iterator:
      return value.iterator().type_name();
    case Kind::name_space:
      return "Namespace";
    case Kind::instance:
      return value.instance().type_name();
  }
  return "object";
}

}  // namespace helicon::text::jinja
