#include "text/jinja/text_format.h"

#include <fmt/format.h>

#include "text/jinja/attributes.h"
#include "text/jinja/operators.h"
#include "text/jinja/representation.h"

namespace helicon::text::jinja {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() < 10 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

int64_t number_of(std::string_view digits) {
  int64_t number = 0;
  for (const char c : digits) number = number * 10 + (c - '0');
  return number;
}

class Formatter {
 public:
  Formatter(Sandbox& sandbox, bool markup, const Arguments& arguments)
      : sandbox_(sandbox), markup_(markup), arguments_(arguments) {}

  // Fields may stand in the specification of fields, and in theirs, but no deeper.
  Result<std::string> format(std::string_view text, int nesting) {
    if (nesting > 2) return template_error("Max string recursion exceeded");
    TextBuilder out(sandbox_);
    size_t position = 0;
    while (position < text.size()) {
      const size_t brace = std::min(text.find_first_of("{}", position), text.size());
      out.append(text.substr(position, brace - position));
      if (brace == text.size()) break;
      position = brace + 1;
      if (position < text.size() && text[position] == text[brace]) {
        out.append(text.substr(position++, 1));
        continue;
      }
      if (text[brace] == '}') return template_error("Single '}' encountered in format string");
      HELICON_ASSIGN(const std::string_view field, take_field(text, position));
      HELICON_ASSIGN(const std::string formatted, format_field(field, nesting));
      out.append(formatted);
      HELICON_TRY(sandbox_.check());
    }
    return out.take();
  }

 private:
  static Result<std::string_view> take_field(std::string_view text, size_t& position) {
    const size_t start = position;
    int open = 1;
    while (position < text.size()) {
      const char c = text[position++];
      if (c == '[' && open == 1) {  // braces inside brackets count for nothing
        const size_t close = text.find(']', position);
        if (close != std::string_view::npos && is_in_name(text.substr(start, position - start)))
          position = close;
      }
      open += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (open == 0) return text.substr(start, position - 1 - start);
    }
    return template_error("expected '}' before end of string");
  }

  static bool is_in_name(std::string_view so_far) {
    return so_far.find_first_of(":!") == std::string_view::npos;
  }

  Result<std::string> format_field(std::string_view field, int nesting) {
    size_t name_end = 0;
    while (name_end < field.size() && field[name_end] != ':' && field[name_end] != '!') {
      if (field[name_end] == '{') return template_error("unexpected '{' in field name");
      if (field[name_end] == '[') name_end = std::min(field.find(']', name_end), field.size() - 1);
      ++name_end;
    }
    const std::string_view name = field.substr(0, name_end);
    std::string_view rest = field.substr(name_end);
    char conversion = 0;
    if (!rest.empty() && rest[0] == '!') {
      if (rest.size() < 2) return template_error("unmatched '{' in format spec");
      conversion = rest[1];
      rest.remove_prefix(2);
      if (!rest.empty() && rest[0] != ':')
        return template_error("expected ':' after conversion specifier");
    }
    if (!rest.empty()) rest.remove_prefix(1);
    HELICON_ASSIGN(Value value, look_up(name));
    if (conversion == 'r' || conversion == 'a') {
      value = make_string(sandbox_, conversion == 'a' && value.is(Kind::string)
                                        ? string_repr(value.text(), true)
                                        : to_repr(sandbox_, value));
    } else if (conversion == 's') {
      value = make_string(sandbox_, to_str(sandbox_, value));
    } else if (conversion != 0) {
      return template_error(fmt::format("Unknown conversion specifier {}", conversion));
    }
    HELICON_ASSIGN(const std::string specification, format(rest, nesting + 1));
    HELICON_ASSIGN(std::string text, format_value(sandbox_, value, specification));
    const bool is_safe = value.is(Kind::string) && value.string().markup;
    return markup_ && !is_safe ? escape_html(text) : std::move(text);
  }

  Result<Value> look_up(std::string_view name) {
    size_t end = std::min(name.find_first_of(".["), name.size());
    HELICON_ASSIGN(Value value, argument(name.substr(0, end)));
    while (end < name.size()) {
      if (name[end] == '.') {
        const size_t next = std::min(name.find_first_of(".[", end + 1), name.size());
        if (next == end + 1) return template_error("Empty attribute in format string");
        HELICON_ASSIGN(value, get_attribute(sandbox_, value, name.substr(end + 1, next - end - 1)));
        end = next;
        continue;
      }
      const size_t close = name.find(']', end);
      if (name[end] != '[')
        return template_error("Only '.' or '[' may follow ']' in format field specifier");
      if (close == std::string_view::npos) return template_error("Missing ']' in format string");
      const std::string_view key = name.substr(end + 1, close - end - 1);
      if (key.empty()) return template_error("Empty attribute in format string");
      HELICON_ASSIGN(value, get_item(sandbox_, value,
                                     is_digits(key) ? Value::integer(number_of(key))
                                                    : make_string(sandbox_, std::string(key))));
      end = close + 1;
    }
    return value;
  }

  Result<Value> argument(std::string_view name) {
    if (name.empty() || is_digits(name)) {
      const Numbering numbering = name.empty() ? Numbering::automatic : Numbering::manual;
      if (numbering_ != Numbering::none && numbering_ != numbering) {
        return template_error("cannot switch between manual and automatic field numbering");
      }
      numbering_ = numbering;
      const int64_t index = name.empty() ? next_++ : number_of(name);
      if (index < static_cast<int64_t>(arguments_.positional.size())) {
        return arguments_.positional[static_cast<size_t>(index)];
      }
      return template_error(
          fmt::format("Replacement index {} out of range for positional args tuple", index));
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    return template_error(
        fmt::format("format() has no argument {}", string_repr(name.substr(0, 100))));
  }

  enum class Numbering { none, automatic, manual };
  Sandbox& sandbox_;
  const bool markup_;
  const Arguments& arguments_;
  Numbering numbering_ = Numbering::none;
  int64_t next_ = 0;
};

}  // namespace

Result<Value> text_format(Sandbox& sandbox, const Value& format, const Arguments& arguments) {
  const bool markup = format.string().markup;
  HELICON_ASSIGN(std::string text, Formatter(sandbox, markup, arguments).format(format.text(), 0));
  return make_string(sandbox, std::move(text), markup);
}

}  // namespace helicon::text::jinja
