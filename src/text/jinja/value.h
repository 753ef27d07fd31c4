// The values a template computes with: Python's, as far as templates meet them.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "text/jinja/sandbox.h"

namespace helicon::text::jinja {

enum class Kind : uint8_t {
  missing,  // no value at all: a variable not yet set, an argument not given
  undefined,
  none,
  boolean,
  integer,
  floating,
  string,
  list,
  tuple,
  dict,
  view,  // dict.keys(), values(), items()
  range,
  iterator,  // what map, select and their like give: walked once
  name_space,
  instance,  // macros, methods, functions, loop, cycler, joiner
};

// Values may not nest deeper than this, so that walking them needs no more than a small stack.
inline constexpr int kMaxValueDepth = 200;

// What lies behind a value that is no plain number. Counts its memory in the sandbox.
class Object {
 public:
  // `sandbox` is null for the constants of a compiled template, which outlive any rendering.
  Object(Sandbox* sandbox, size_t bytes, int depth);
  virtual ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  int depth() const { return depth_; }

 private:
  Sandbox* sandbox_;
  size_t bytes_;
  int depth_;
};

class String;
class Sequence;
class Dict;
class View;
class Range;
class Iterator;
class Namespace;
class Instance;
class Undefined;

class Value {
 public:
  Value() : integer_(0) {}  // missing
  static Value none() { return Value(Kind::none); }
  static Value boolean(bool value);
  static Value integer(int64_t value);
  static Value floating(double value);
  // Of a kind that has an object.
  Value(Kind kind, std::shared_ptr<Object> object)
      : kind_(kind), integer_(0), object_(std::move(object)) {}

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_missing() const { return kind_ == Kind::missing; }
  bool is_number() const {
    return kind_ == Kind::boolean || kind_ == Kind::integer || kind_ == Kind::floating;
  }
  bool is_integral() const { return kind_ == Kind::boolean || kind_ == Kind::integer; }
  bool is_sequence() const { return kind_ == Kind::list || kind_ == Kind::tuple; }
  const Object* object() const { return object_.get(); }
  int depth() const { return object_ ? object_->depth() : 0; }

  // Each only for its kind.
  bool as_boolean() const { return assert(is(Kind::boolean)), boolean_; }
  int64_t as_integer() const;  // also of a boolean
  double as_double() const;    // of any number
  const String& string() const { return as<String>(Kind::string); }
  std::string_view text() const;
  const Sequence& sequence() const;
  const Dict& dict() const { return as<Dict>(Kind::dict); }
  const View& view() const { return as<View>(Kind::view); }
  const Range& range() const { return as<Range>(Kind::range); }
  Iterator& iterator() const { return as<Iterator>(Kind::iterator); }
  Namespace& name_space() const { return as<Namespace>(Kind::name_space); }
  Instance& instance() const { return as<Instance>(Kind::instance); }
  const Undefined& undefined() const { return as<Undefined>(Kind::undefined); }
  const std::shared_ptr<Object>& shared() const { return object_; }

 private:
  explicit Value(Kind kind) : kind_(kind), integer_(0) {}
  template <typename T>
  T& as([[maybe_unused]] Kind kind) const {
    assert(is(kind));
    return static_cast<T&>(*object_);
  }

  Kind kind_ = Kind::missing;
  union {
    bool boolean_;
    int64_t integer_;
    double floating_;
  };
  std::shared_ptr<Object> object_;
};

class String : public Object {
 public:
  String(Sandbox* sandbox, std::string text, bool markup);
  const std::string text;
  const size_t length;  // in characters
  const bool markup;  // of the type Markup: declared safe, so that what is joined to it is escaped
  bool is_ascii() const { return length == text.size(); }
};

// A list or a tuple.
class Sequence : public Object {
 public:
  Sequence(Sandbox* sandbox, std::vector<Value> items, bool is_group);
  const std::vector<Value> items;
  const bool is_group;  // a tuple of groupby, which also answers to .grouper and .list
};

// Keeps the order of insertion. Keys are compared as Python does: 1, 1.0 and True are one key.
class Dict : public Object {
 public:
  using Entry = std::pair<Value, Value>;
  // Keys must be hashable; of equal ones the first keeps its place, the last its value.
  static Value make(Sandbox* sandbox, std::vector<Entry> entries);
  Dict(Sandbox* sandbox, std::vector<Entry> entries, std::vector<uint32_t> order);
  const std::vector<Entry>& entries() const { return entries_; }
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;

 private:
  const std::vector<Entry> entries_;
  const std::vector<uint32_t> order_;  // entries by key
};

class View : public Object {
 public:
  enum class Part { keys, values, items };
  View(Sandbox* sandbox, Value of, Part shown);
  const Value dict;
  const Part part;
};

class Range : public Object {
 public:
  Range(Sandbox* sandbox, int64_t start, int64_t stop, int64_t step);
  const int64_t start, stop, step;
  const int64_t length;
  int64_t at(int64_t index) const { return start + index * step; }
};

// Gives its items one after another, each once, and only when asked.
class Iterator : public Object {
 public:
  using Object::Object;
  // False at the end; `item` is then left alone.
  virtual Result<bool> next(Sandbox& sandbox, Value& item) = 0;
  virtual std::string_view type_name() const { return "generator"; }
};

// Belongs to the sandbox; values only point to it, for it may come to hold itself.
class Namespace : public Object, public Kept {
 public:
  explicit Namespace(Sandbox* sandbox) : Object(sandbox, sizeof(Namespace), 0) {}
  const Value* find(std::string_view name) const;
  void set(Sandbox& sandbox, std::string_view name, Value value);
  const std::vector<std::pair<std::string, Value>>& entries() const { return entries_; }
  void clear() override { entries_.clear(); }

 private:
  std::vector<std::pair<std::string, Value>> entries_;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// Something with attributes that are computed, or that can be called.
class Instance : public Object {
 public:
  using Object::Object;
  virtual std::optional<Value> attribute(Sandbox& sandbox, std::string_view name);
  virtual bool is_callable() const { return true; }
  virtual Result<Value> call(Sandbox& sandbox, Arguments arguments) = 0;
  virtual std::string_view type_name() const = 0;
  virtual std::string representation(Sandbox& sandbox) = 0;
};

// Says why it is undefined, for the message of whoever uses it.
class Undefined : public Object {
 public:
  explicit Undefined(std::string why) : Object(nullptr, 0, 0), reason(std::move(why)) {}
  const std::string reason;
};

Value make_string(Sandbox& sandbox, std::string text, bool markup = false);
Value make_constant(std::string text);
Value make_list(Sandbox& sandbox, std::vector<Value> items);
Value make_tuple(Sandbox& sandbox, std::vector<Value> items);
Value make_namespace(Sandbox& sandbox);
Value make_undefined(std::string reason);
template <typename T, typename... Parameters>
Value make_instance(Parameters&&... parameters) {
  return Value(Kind::instance, std::make_shared<T>(std::forward<Parameters>(parameters)...));
}

bool is_truthy(const Value& value);
// len() of what has one.
std::optional<int64_t> length_of(const Value& value);
// Python's name of the type: "str", "dict", "NoneType".
std::string_view type_name(const Value& value);

}  // namespace helicon::text::jinja
