#include "text/jinja/representation.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "text/jinja/unicode.h"

namespace helicon::text::jinja {
namespace {

// Namespaces can hold themselves; everything else ends by its depth.
constexpr int kMaxWalk = 2 * kMaxValueDepth;

void append_repr(TextBuilder& out, const Value& value, int depth);

void append_items(TextBuilder& out, const std::vector<Value>& items, int depth) {
  bool first = true;
  for (const Value& item : items) {
    if (!first) out.append(", ");
    first = false;
    append_repr(out, item, depth + 1);
    if (out.sandbox().failed()) return;
  }
}

void append_dict(TextBuilder& out, const Dict& dict, int depth) {
  out.append("{");
  bool first = true;
  for (const auto& [key, value] : dict.entries()) {
    if (!first) out.append(", ");
    first = false;
    append_repr(out, key, depth + 1);
    out.append(": ");
    append_repr(out, value, depth + 1);
    if (out.sandbox().failed()) return;
  }
  out.append("}");
}

void append_view(TextBuilder& out, const Value& value, int depth) {
  const View& view = value.view();
  out.append(type_name(value));
  out.append("([");
  bool first = true;
  for (const auto& [key, item] : view.dict.dict().entries()) {
    if (!first) out.append(", ");
    first = false;
    switch (view.part) {
      case View::Part::keys:
        append_repr(out, key, depth + 1);
        break;
      case View::Part::values:
        append_repr(out, item, depth + 1);
        break;
      case View::Part::items:
        out.append("(");
        append_repr(out, key, depth + 1);
        out.append(", ");
        append_repr(out, item, depth + 1);
        out.append(")");
        break;
    }
    if (out.sandbox().failed()) return;
  }
  out.append("])");
}

void append_namespace(TextBuilder& out, const Namespace& name_space, int depth) {
  out.append("<Namespace {");
  bool first = true;
  for (const auto& [name, value] : name_space.entries()) {
    if (!first) out.append(", ");
    first = false;
    out.append(string_repr(name));
    out.append(": ");
    append_repr(out, value, depth + 1);
    if (out.sandbox().failed()) return;
  }
  out.append("}>");
}

void append_range(TextBuilder& out, const Range& range) {
  out.append(range.step == 1
                 ? fmt::format("range({}, {})", range.start, range.stop)
                 : fmt::format("range({}, {}, {})", range.start, range.stop, range.step));
}

void append_repr(TextBuilder& out, const Value& value, int depth) {
  if (!out.sandbox().charge()) return;
  if (depth > kMaxWalk) return out.sandbox().fail("its values are nested too deeply");
  switch (value.kind()) {
    case Kind::missing:
    case Kind::undefined:
      return out.append("Undefined");
    case Kind::none:
      return out.append("None");
    case Kind::boolean:
      return out.append(value.as_boolean() ? "True" : "False");
    case Kind::integer:
      return out.append(std::to_string(value.as_integer()));
    case Kind::floating:
      return out.append(float_repr(value.as_double()));
    case Kind::string:
      out.sandbox().charge_characters(value.text().size());
      if (!value.string().markup) return out.append(string_repr(value.text()));
      out.append("Markup(");
      out.append(string_repr(value.text()));
      return out.append(")");
    case Kind::list:
      out.append("[");
      append_items(out, value.sequence().items, depth);
      return out.append("]");
    case Kind::tuple:
      out.append("(");
      append_items(out, value.sequence().items, depth);
      return out.append(value.sequence().items.size() == 1 ? ",)" : ")");
    case Kind::dict:
      return append_dict(out, value.dict(), depth);
    case Kind::view:
      return append_view(out, value, depth);
    case Kind::range:
      return append_range(out, value.range());
    case Kind::name_space:
      return append_namespace(out, value.name_space(), depth);
    case Kind::iterator:
      // Python adds an address, which is nothing a prompt could want.
      return out.append(fmt::format("<{} object>", value.iterator().type_name()));
    case Kind::instance:
      return out.append(value.instance().representation(out.sandbox()));
  }
}

}  // namespace

void append_str(TextBuilder& out, const Value& value) {
  if (value.is(Kind::string)) return out.append(value.text());
  if (value.is(Kind::undefined) || value.is_missing()) return;
  append_repr(out, value, 0);
}

void append_repr(TextBuilder& out, const Value& value) { append_repr(out, value, 0); }

std::string to_str(Sandbox& sandbox, const Value& value) {
  if (value.is(Kind::string)) return value.string().text;
  TextBuilder out(sandbox);
  append_str(out, value);
  return out.take();
}

std::string to_repr(Sandbox& sandbox, const Value& value) {
  TextBuilder out(sandbox);
  append_repr(out, value);
  return out.take();
}

std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 40> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                     std::chars_format::scientific);
  const std::string_view scientific(buffer.data(),
                                    static_cast<size_t>(written.ptr - buffer.data()));
  const size_t mark = scientific.find('e');
  int exponent = 0;
  const size_t digits_at = mark + (scientific[mark + 1] == '+' ? 2 : 1);
  std::from_chars(scientific.data() + digits_at, scientific.data() + scientific.size(), exponent);
  // Python writes out what lies between 1e-4 and 1e16.
  if (exponent < -4 || exponent >= 16) return std::string(scientific);
  const auto fixed =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  std::string text(buffer.data(), fixed.ptr);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string string_repr(std::string_view text, bool ascii_only) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const bool has_double = text.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  std::string out(1, quote);
  out.reserve(text.size() + 2);
  for (size_t position = 0; position < text.size();) {
    const char32_t character = next_character(text, position);
    if (character == '\\' || character == static_cast<unsigned char>(quote)) {
      out += '\\';
      out += static_cast<char>(character);
    } else if (character == '\n') {
      out += "\\n";
    } else if (character == '\r') {
      out += "\\r";
    } else if (character == '\t') {
      out += "\\t";
    } else if (has_property(character, Property::printable) && (character < 128 || !ascii_only)) {
      append_character(out, character);
    } else if (character < 0x100) {
      out += fmt::format("\\x{:02x}", static_cast<uint32_t>(character));
    } else if (character < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(character));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<uint32_t>(character));
    }
  }
  out += quote;
  return out;
}

}  // namespace helicon::text::jinja
