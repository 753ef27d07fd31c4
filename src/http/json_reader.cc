#include "http/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <limits>
#include <new>
#include <vector>

#include "base/suggest.h"
#include "http/utf8.h"
#include "text/utf8.h"

namespace helicon::http {
namespace {

namespace json = boost::json;

// Memory for one document. Not thread-safe: a document is parsed and read by one thread at a time.
class BoundedMemory final : public json::memory_resource {
 public:
  explicit BoundedMemory(size_t limit) : left_(limit) {}

 private:
  void* do_allocate(size_t bytes, size_t) override {
    if (bytes > left_) throw std::bad_alloc();
    void* memory = ::operator new(bytes);
    left_ -= bytes;
    return memory;
  }
  void do_deallocate(void* memory, size_t bytes, size_t) override {
    ::operator delete(memory);
    left_ += bytes;
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  size_t left_;
};

// Builds the document as json::parser does, and notes what that one would overlook: repeated keys.
struct Handler {
  static constexpr size_t max_object_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_array_size = max_object_size;
  static constexpr size_t max_key_size = max_object_size;
  static constexpr size_t max_string_size = max_object_size;

  json::value_stack stack;
  std::string key;
  std::vector<std::vector<std::string>> keys;  // of each object that is open
  std::string repeated;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    keys.emplace_back();
    return true;
  }
  bool on_object_end(size_t count, json::error_code& error) {
    std::vector<std::string>& names = keys.back();
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) {
      repeated = fmt::format("the key \"{}\" appears twice in one object", quotable(*twice));
      error = json::error::exception;
      return false;
    }
    keys.pop_back();
    stack.push_object(count);
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(size_t count, json::error_code&) {
    stack.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view part, size_t, json::error_code&) {
    key.append(part.data(), part.size());
    stack.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, size_t, json::error_code&) {
    key.append(part.data(), part.size());
    keys.back().push_back(std::move(key));
    key.clear();
    stack.push_key(part);
    return true;
  }
  bool on_string_part(json::string_view part, size_t, json::error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, size_t, json::error_code&) {
    stack.push_string(part);
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(int64_t number, json::string_view, json::error_code&) {
    stack.push_int64(number);
    return true;
  }
  bool on_uint64(uint64_t number, json::string_view, json::error_code&) {
    stack.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view, json::error_code&) {
    stack.push_double(number);
    return true;
  }
  bool on_bool(bool value, json::error_code&) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(json::error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

Error wrong_kind(std::string_view name, std::string_view wanted, const json::value& value) {
  return field_error(ErrorCode::invalid_argument, name,
                     fmt::format("must be {}, not {}", wanted, kind_of(value)));
}

// Where the first byte lies that no UTF-8 text has there; the text's size if there is none.
size_t first_ill_formed(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const text::Utf8Step step = text::first_utf8(text.substr(at));
    if (step.kind != text::Utf8Step::Kind::valid) break;
    at += step.bytes;
  }
  return at;
}

}  // namespace

Result<json::value> parse_json(std::string_view text, const JsonLimits& limits) {
  json::parse_options options;
  options.max_depth = limits.depth;
  json::basic_parser<Handler> parser(options);
  json::error_code error;
  size_t read = 0;
  try {
    parser.handler().stack.reset(json::make_shared_resource<BoundedMemory>(limits.memory_bytes));
    read = parser.write_some(false, text.data(), text.size(), error);
    if (!error && read < text.size()) error = json::error::extra_data;
    if (!error) return parser.handler().stack.release();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::too_large, "the JSON document takes too much memory", {}};
  }
  if (!parser.handler().repeated.empty()) {
    return Error{ErrorCode::invalid_argument, parser.handler().repeated, {}};
  }
  if (error == json::error::too_deep) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the JSON is nested deeper than {} levels", limits.depth),
                 {}};
  }
  const size_t broken = first_ill_formed(text);
  return Error{ErrorCode::invalid_argument,
               broken < text.size()
                   ? fmt::format("not valid UTF-8 at byte {}", broken)
                   : fmt::format("not valid JSON: {} at byte {}", error.message(), read),
               {}};
}

Error field_error(ErrorCode code, std::string_view name, std::string_view what) {
  return {code, fmt::format("{}: {}", name, what), std::string(name)};
}

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "an integer";
    case json::kind::double_:
      return "a number with a fraction, an exponent or more than 64 bits";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

Status check_known_fields(const json::object& object, std::string_view name,
                          const std::vector<std::string>& known) {
  for (const auto& [key, value] : object) {
    if (value.is_null() || std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string field = quotable(key);
    return field_error(ErrorCode::invalid_argument,
                       name.empty() ? field : fmt::format("{}.{}", name, field),
                       "is no field that this server knows" + suggestion(field, known));
  }
  return ok_status();
}

Result<std::string_view> read_string(const json::value& value, std::string_view name) {
  const json::string* string = value.if_string();
  if (string == nullptr) return wrong_kind(name, "a string", value);
  return std::string_view(string->data(), string->size());
}

Result<bool> read_bool(const json::value& value, std::string_view name) {
  const bool* boolean = value.if_bool();
  if (boolean == nullptr) return wrong_kind(name, "a boolean", value);
  return *boolean;
}

Result<const json::array*> read_array(const json::value& value, std::string_view name) {
  const json::array* array = value.if_array();
  if (array == nullptr) return wrong_kind(name, "an array", value);
  return array;
}

Result<const json::object*> read_object(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  if (object == nullptr) return wrong_kind(name, "an object", value);
  return object;
}

Result<int64_t> read_integer(const json::value& value, std::string_view name, int64_t low,
                             int64_t high) {
  if (!value.is_int64() && !value.is_uint64()) return wrong_kind(name, "an integer", value);
  if (const int64_t* number = value.if_int64(); number && *number >= low && *number <= high) {
    return *number;
  }
  const std::string given =
      value.is_int64() ? std::to_string(value.get_int64()) : std::to_string(value.get_uint64());
  const std::string wanted = high == std::numeric_limits<int64_t>::max()
                                 ? fmt::format("at least {}", low)
                                 : fmt::format("between {} and {}", low, high);
  return field_error(ErrorCode::invalid_argument, name,
                     fmt::format("must be {}, not {}", wanted, given));
}

Result<double> read_number(const json::value& value, std::string_view name, double low, double high,
                           bool open) {
  if (!value.is_number()) return wrong_kind(name, "a number", value);
  const double number = value.is_double()  ? value.get_double()
                        : value.is_int64() ? static_cast<double>(value.get_int64())
                                           : static_cast<double>(value.get_uint64());
  if (std::isfinite(number) && number >= low && number <= high && !(open && number == low)) {
    return number;
  }
  return field_error(ErrorCode::invalid_argument, name,
                     open
                         ? fmt::format("must be above {} and at most {}, not {}", low, high, number)
                         : fmt::format("must be between {} and {}, not {}", low, high, number));
}

}  // namespace helicon::http
