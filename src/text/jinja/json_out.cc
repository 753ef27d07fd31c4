#include "text/jinja/json_out.h"

#include <fmt/format.h>

#include <cmath>

#include "text/jinja/compare.h"
#include "text/jinja/representation.h"
#include "text/jinja/text_builder.h"
#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

class JsonWriter {
 public:
  JsonWriter(Sandbox& sandbox, const JsonStyle& style) : style_(style), out_(sandbox) {}

  Status write(const Value& value) {
    if (!out_.sandbox().charge()) return out_.sandbox().check();
    switch (value.kind()) {
      case Kind::none:
      case Kind::boolean:
      case Kind::integer:
      case Kind::floating:
        out_.append(scalar(value));
        return ok_status();
      case Kind::string:
        write_string(value.text());
        return ok_status();
      case Kind::list:
      case Kind::tuple:
        return write_list(value.sequence().items);
      case Kind::dict:
        return write_dict(value.dict());
      default:
        return template_error(
            fmt::format("Object of type {} is not JSON serializable", type_name(value)));
    }
  }

  std::string take() { return out_.take(); }

 private:
  static std::string scalar(const Value& value) {
    if (value.is(Kind::none)) return "null";
    if (value.is(Kind::boolean)) return value.as_boolean() ? "true" : "false";
    if (value.is(Kind::integer)) return std::to_string(value.as_integer());
    const double number = value.as_double();
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return float_repr(number);
  }

  Status write_list(const std::vector<Value>& items) {
    if (items.empty()) return out_.append("[]"), ok_status();
    out_.append("[");
    ++level_;
    bool first = true;
    for (const Value& item : items) {
      start_item(first);
      first = false;
      HELICON_TRY(write(item));
    }
    --level_;
    new_line();
    out_.append("]");
    return ok_status();
  }

  Status write_dict(const Dict& dict) {
    if (dict.entries().empty()) return out_.append("{}"), ok_status();
    std::vector<Value> keys, values;
    for (const auto& [key, value] : dict.entries()) {
      keys.push_back(key);
      values.push_back(value);
    }
    if (style_.sort_keys) {
      Sandbox& sandbox = out_.sandbox();
      const auto before = [&](const Value& a, const Value& b) { return less(sandbox, a, b); };
      const std::vector<Value> unsorted = keys;
      HELICON_TRY(sort_by(values, unsorted, false, before));
      HELICON_TRY(sort_by(keys, unsorted, false, before));
    }
    out_.append("{");
    ++level_;
    for (size_t i = 0; i < keys.size(); ++i) {
      start_item(i == 0);
      if (keys[i].is(Kind::string)) {
        write_string(keys[i].text());
      } else if (keys[i].is_number() || keys[i].is(Kind::none)) {
        out_.append("\"" + scalar(keys[i]) + "\"");
      } else {
        return template_error(
            fmt::format("keys must be str, int, float, bool or None, not {}", type_name(keys[i])));
      }
      out_.append(style_.key_separator);
      HELICON_TRY(write(values[i]));
    }
    --level_;
    new_line();
    out_.append("}");
    return ok_status();
  }

  void start_item(bool first) {
    if (!first) out_.append(style_.item_separator);
    new_line();
  }

  void new_line() {
    if (!style_.indent) return;
    out_.append("\n");
    out_.append_repeated(*style_.indent, level_);
  }

  // Whether a byte goes out as it is; of those beyond ASCII all do, or none.
  bool is_plain(char byte) const {
    const auto code = static_cast<unsigned char>(byte);
    return code >= 0x20 && code != '"' && code != '\\' && (code < 0x7F || !style_.ascii_only);
  }

  void write_escaped(uint32_t unit) { out_.append(fmt::format("\\u{:04x}", unit)); }

  void write_string(std::string_view text) {
    out_.sandbox().charge_characters(text.size());
    out_.append("\"");
    size_t plain_from = 0;
    for (size_t position = 0; position < text.size();) {
      if (is_plain(text[position])) {
        ++position;
        continue;
      }
      out_.append(text.substr(plain_from, position - plain_from));
      const char32_t character = next_character(text, position);
      plain_from = position;
      switch (character) {
        case '"':
          out_.append("\\\"");
          break;
        case '\\':
          out_.append("\\\\");
          break;
        case '\n':
          out_.append("\\n");
          break;
        case '\r':
          out_.append("\\r");
          break;
        case '\t':
          out_.append("\\t");
          break;
        case '\f':
          out_.append("\\f");
          break;
        case '\b':
          out_.append("\\b");
          break;
        default:
          if (character >= 0x10000) {
            write_escaped(0xD800 + ((static_cast<uint32_t>(character) - 0x10000) >> 10));
            write_escaped(0xDC00 + ((static_cast<uint32_t>(character) - 0x10000) & 0x3FF));
          } else {
            write_escaped(static_cast<uint32_t>(character));
          }
      }
    }
    out_.append(text.substr(plain_from));
    out_.append("\"");
  }

  const JsonStyle& style_;
  TextBuilder out_;
  size_t level_ = 0;
};

}  // namespace

Result<std::string> to_json(Sandbox& sandbox, const Value& value, const JsonStyle& style) {
  JsonWriter writer(sandbox, style);
  HELICON_TRY(writer.write(value));
  HELICON_TRY(sandbox.check());
  return writer.take();
}

}  // namespace helicon::text::jinja
