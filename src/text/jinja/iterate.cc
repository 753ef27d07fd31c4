#include "text/jinja/iterate.h"

#include <fmt/format.h>

#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

Value entry_part(Sandbox& sandbox, const Dict::Entry& entry, View::Part part) {
  switch (part) {
    case View::Part::keys:
      return entry.first;
    case View::Part::values:
      return entry.second;
    case View::Part::items:
      return make_tuple(sandbox, {entry.first, entry.second});
  }
  return entry.first;
}

// Whatever has items in an order of its own.
class ItemIterator : public Iterator {
 public:
  ItemIterator(Sandbox* sandbox, Value source)
      : Iterator(sandbox, sizeof(ItemIterator), source.depth() + 1), source_(std::move(source)) {}

  Result<bool> next(Sandbox& sandbox, Value& item) override {
    if (!sandbox.charge()) return sandbox.check().error();
    switch (source_.kind()) {
      case Kind::string:
        return next_of_string(sandbox, item);
      case Kind::list:
      case Kind::tuple:
        if (position_ >= source_.sequence().items.size()) return false;
        item = source_.sequence().items[position_++];
        return true;
      case Kind::dict:
        return next_of_dict(sandbox, source_.dict(), View::Part::keys, item);
      case Kind::view:
        return next_of_dict(sandbox, source_.view().dict.dict(), source_.view().part, item);
      case Kind::range:
        if (static_cast<int64_t>(position_) >= source_.range().length) return false;
        item = Value::integer(source_.range().at(static_cast<int64_t>(position_++)));
        return true;
      default:  // undefined has none
        return false;
    }
  }

 private:
  Result<bool> next_of_string(Sandbox& sandbox, Value& item) {
    const std::string_view text = source_.text();
    if (position_ >= text.size()) return false;
    const size_t start = position_;
    next_character(text, position_);
    // Walking over Markup gives plain characters, as Python's str iterator does.
    item = make_string(sandbox, std::string(text.substr(start, position_ - start)));
    return true;
  }

  Result<bool> next_of_dict(Sandbox& sandbox, const Dict& dict, View::Part part, Value& item) {
    if (position_ >= dict.entries().size()) return false;
    item = entry_part(sandbox, dict.entries()[position_++], part);
    return true;
  }

  Value source_;
  size_t position_ = 0;
};

class Generator : public Iterator {
 public:
  Generator(Sandbox* sandbox, int depth, Step step)
      : Iterator(sandbox, sizeof(Generator), depth), step_(std::move(step)) {}

  Result<bool> next(Sandbox& sandbox, Value& item) override {
    if (!sandbox.charge()) return sandbox.check().error();
    if (ended_) return false;
    auto more = step_(sandbox, item);
    if (!more.ok() || !*more) ended_ = true;
    return more;
  }

 private:
  Step step_;
  bool ended_ = false;
};

}  // namespace

bool is_iterable(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::string:
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
    case Kind::view:
    case Kind::range:
    case Kind::iterator:
      return true;
    default:
      return false;
  }
}

Result<std::shared_ptr<Iterator>> iterate(Sandbox& sandbox, const Value& value) {
  if (value.is(Kind::iterator)) return std::static_pointer_cast<Iterator>(value.shared());
  if (!is_iterable(value)) {
    return template_error(fmt::format("'{}' object is not iterable", type_name(value)));
  }
  return std::shared_ptr<Iterator>(std::make_shared<ItemIterator>(&sandbox, value));
}

Result<std::vector<Value>> to_vector(Sandbox& sandbox, const Value& value) {
  HELICON_ASSIGN(const auto items, iterate(sandbox, value));
  std::vector<Value> all;
  Value item;
  while (true) {
    HELICON_ASSIGN(const bool more, items->next(sandbox, item));
    if (!more) return all;
    // The vector is not yet an object that counts.
    if (all.size() % 1024 == 1023) HELICON_TRY(sandbox.allow_values(all.size()));
    all.push_back(std::move(item));
  }
}

Value make_generator(Sandbox& sandbox, int depth, Step step) {
  return Value(Kind::iterator, std::make_shared<Generator>(&sandbox, depth + 1, std::move(step)));
}

}  // namespace helicon::text::jinja
