#include "text/jinja/from_json.h"

#include <fmt/format.h>

#include "text/jinja/numbers.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

class Reader {
 public:
  explicit Reader(Sandbox& sandbox) : sandbox_(sandbox) {}

  Result<Value> read(const boost::json::value& json, int depth) {
    HELICON_TRY(sandbox_.check());
    switch (json.kind()) {
      case boost::json::kind::null:
        return Value::none();
      case boost::json::kind::bool_:
        return Value::boolean(json.get_bool());
      case boost::json::kind::int64:
        return Value::integer(json.get_int64());
      case boost::json::kind::uint64:
        if (json.get_uint64() > INT64_MAX) return too_large_integer();
        return Value::integer(static_cast<int64_t>(json.get_uint64()));
      case boost::json::kind::double_:
        return Value::floating(json.get_double());
      case boost::json::kind::string:
        return read_text(json.get_string());
      case boost::json::kind::array: {
        if (depth > kMaxValueDepth) return template_error("the variables are nested too deeply");
        std::vector<Value> items;
        items.reserve(json.get_array().size());
        for (const auto& item : json.get_array()) {
          HELICON_ASSIGN(Value value, read(item, depth + 1));
          items.push_back(std::move(value));
        }
        return make_list(sandbox_, std::move(items));
      }
      case boost::json::kind::object:
        return read_object(json.get_object(), depth);
    }
    return Value::none();
  }

  Result<Value> read_object(const boost::json::object& json, int depth) {
    if (depth > kMaxValueDepth) return template_error("the variables are nested too deeply");
    std::vector<Dict::Entry> entries;
    entries.reserve(json.size());
    for (const auto& member : json) {
      HELICON_ASSIGN(Value key, read_text(member.key()));
      HELICON_ASSIGN(Value value, read(member.value(), depth + 1));
      entries.emplace_back(std::move(key), std::move(value));
    }
    return Dict::make(&sandbox_, std::move(entries));
  }

 private:
  Result<Value> read_text(std::string_view text) {
    if (const size_t broken = find_invalid_utf8(text); broken != std::string_view::npos) {
      return template_error(fmt::format("a variable is not valid UTF-8 at byte {}", broken));
    }
    return make_string(sandbox_, std::string(text));
  }

  Sandbox& sandbox_;
};

}  // namespace

Result<Value> from_json(Sandbox& sandbox, const boost::json::value& json) {
  return Reader(sandbox).read(json, 0);
}
Result<Value> from_json(Sandbox& sandbox, const boost::json::object& json) {
  return Reader(sandbox).read_object(json, 0);
}

}  // namespace helicon::text::jinja
