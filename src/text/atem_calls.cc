#include "text/atem_calls.h"

#include <algorithm>
#include <optional>

#include "base/json_members.h"
#include "text/marker.h"

namespace helicon::text {
namespace {

namespace json = boost::json;

constexpr std::string_view kCalls = "<atem:function_calls>";
constexpr std::string_view kInvoke = "<atem:invoke";
constexpr std::string_view kInvokeEnd = "</atem:invoke>";
constexpr std::string_view kParameter = "<atem:parameter";
constexpr std::string_view kParameterEnd = "</atem:parameter>";

// The schema's "properties" of the tool of that name.
const json::object* properties_of(const json::array& tools, std::string_view name) {
  for (const json::value& tool : tools) {
    const json::object* function = object_in(tool.if_object(), "function");
    if (string_in(function, "name") == name)
      return object_in(object_in(function, "parameters"), "properties");
  }
  return nullptr;
}

bool names_string(const json::value& type) {
  if (type.is_string()) return type.get_string() == "string";
  return type.is_array() && std::any_of(type.get_array().begin(), type.get_array().end(),
                                        [](const json::value& one) { return names_string(one); });
}

bool takes_string(const json::object& schema, std::string_view value) {
  if (const json::value* type = schema.if_contains("type"); type && names_string(*type))
    return true;
  if (const json::value* list = schema.if_contains("enum"); list && list->is_array())
    for (const json::value& one : list->get_array())
      if (one.is_string() && one.get_string() == value) return true;
  for (const char* const of : {"anyOf", "oneOf"})
    if (const json::value* list = schema.if_contains(of); list && list->is_array())
      for (const json::value& one : list->get_array())
        if (one.is_object() && takes_string(one.get_object(), value)) return true;
  return false;
}

json::value value_of(std::string_view text, const json::object* schema) {
  if (schema && takes_string(*schema, text)) return json::value(text);
  boost::system::error_code failure;
  json::value parsed = json::parse(trimmed(text), failure);
  return failure ? json::value(text) : parsed;
}

// A tag's name="..." and what follows the tag.
struct Tag {
  std::string_view name;
  size_t end = 0;
};
std::optional<Tag> read_tag(std::string_view text, size_t begin) {
  const size_t end = text.find('>', begin);
  if (end == std::string_view::npos) return std::nullopt;
  constexpr std::string_view kName = "name=\"";
  const size_t name = text.substr(0, end).find(kName, begin);
  if (name == std::string_view::npos) return std::nullopt;
  const size_t first = name + kName.size();
  const size_t last = text.find('"', first);
  if (last >= end || last == first) return std::nullopt;
  return Tag{text.substr(first, last - first), end + 1};
}

}  // namespace

AtemCalls read_atem_calls(std::string_view text, const json::array& tools, bool cut) {
  AtemCalls result;
  size_t at = text.find(kInvoke);
  std::string_view before = text.substr(0, std::min(text.find(kCalls), at));
  if (cut)
    before.remove_suffix(std::max(beginning_of(kCalls, before), beginning_of(kInvoke, before)));
  result.before = trimmed(before);
  while (at != std::string_view::npos) {
    const std::optional<Tag> invoke = read_tag(text, at);
    if (!invoke) return result;
    chat::ToolCall call;
    call.name = invoke->name;
    const json::object* properties = properties_of(tools, call.name);
    at = invoke->end;
    bool ended = false;
    for (;;) {
      const size_t parameter = text.find(kParameter, at);
      const size_t end = text.find(kInvokeEnd, at);
      // A value may hold any tag but its own end; the next call's parameters are not this one's.
      if (parameter == std::string_view::npos ||
          parameter > std::min(end, text.find(kInvoke, at))) {
        ended = end < text.find(kInvoke, at);
        at = ended ? end + kInvokeEnd.size() : at;
        break;
      }
      const std::optional<Tag> tag = read_tag(text, parameter);
      at = text.size();  // unless it ends
      if (!tag) break;
      const size_t close = text.find(kParameterEnd, tag->end);
      if (close == std::string_view::npos) break;
      const std::string_view value = text.substr(tag->end, close - tag->end);
      call.arguments[tag->name] = value_of(value, object_in(properties, tag->name));
      at = close + kParameterEnd.size();
    }
    if (ended || !cut) result.calls.push_back(std::move(call));
    at = text.find(kInvoke, at);
  }
  return result;
}

}  // namespace helicon::text
