#include "http/chat_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "http/chat_media.h"
#include "http/json_reader.h"
#include "http/utf8.h"

namespace helicon::http {
namespace {

namespace json = boost::json;

constexpr size_t max_messages = 10'000;
constexpr size_t max_tools = 1'000;
constexpr size_t max_media = 64;

Status check_count(const json::array& array, std::string_view name, size_t limit) {
  if (array.size() <= limit) return ok_status();
  return field_error(ErrorCode::too_large, name,
                     fmt::format("may hold at most {} elements, not {}", limit, array.size()));
}

bool is_given(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && !value->is_null();
}

Result<std::string_view> read_required_string(const json::object& object, std::string_view key,
                                              std::string_view path) {
  const std::string name = fmt::format("{}.{}", path, key);
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return field_error(ErrorCode::invalid_argument, name, "is missing");
  return read_string(*value, name);
}

// Absent and null are the empty string.
Result<std::string> read_optional_string(const json::object& object, std::string_view key,
                                         std::string_view path) {
  if (!is_given(object, key)) return std::string();
  HELICON_ASSIGN(const std::string_view text,
                 read_string(object.at(key), fmt::format("{}.{}", path, key)));
  return std::string(text);
}

Result<std::string_view> read_text_part(const json::object& part, std::string_view type,
                                        const std::string& path) {
  if (type == "text" || type == "refusal") return read_required_string(part, type, path);
  return field_error(ErrorCode::invalid_argument, path + ".type",
                     fmt::format("unknown kind of part \"{}\"", quotable(type)));
}

// Fills in content and media.
Status read_parts(const json::array& parts, const std::string& path, chat::Message& message) {
  bool behind_text = false;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string name = fmt::format("{}[{}]", path, i);
    HELICON_ASSIGN(const json::object* const part, read_object(parts[i], name));
    HELICON_ASSIGN(const std::string_view type, read_required_string(*part, "type", name));
    HELICON_ASSIGN(std::optional<chat::Medium> medium, read_medium(*part, type, name));
    if (medium) {
      if (message.role != "user" && message.role != "tool")
        return field_error(ErrorCode::unsupported, name,
                           fmt::format("a message of role \"{}\" has text only", message.role));
      medium->at = message.content.size();
      message.media.push_back(*std::move(medium));
      behind_text = false;
    } else {
      HELICON_ASSIGN(const std::string_view text, read_text_part(*part, type, name));
      if (behind_text) message.content += '\n';
      message.content += text;
      behind_text = true;
    }
  }
  return ok_status();
}

Status read_content(const json::value& content, const std::string& path, chat::Message& message) {
  if (const json::string* text = content.if_string()) {
    message.content = *text;
    return ok_status();
  }
  if (const json::array* parts = content.if_array()) return read_parts(*parts, path, message);
  return field_error(
      ErrorCode::invalid_argument, path,
      fmt::format("must be a string or an array of parts, not {}", kind_of(content)));
}

// A string of JSON, as the protocol has it, or the object itself, as some clients send it.
Result<json::object> read_arguments(const json::value& arguments, const std::string& path) {
  if (const json::object* object = arguments.if_object()) return json::object(*object, {});
  HELICON_ASSIGN(const std::string_view text, read_string(arguments, path));
  auto parsed = parse_json(text);
  if (!parsed.ok()) return field_error(ErrorCode::invalid_argument, path, parsed.error().message);
  const json::object* object = parsed->if_object();
  if (object == nullptr) {
    return field_error(ErrorCode::invalid_argument, path,
                       fmt::format("must hold a JSON object, not {}", kind_of(*parsed)));
  }
  return json::object(*object, {});
}

Result<chat::ToolCall> read_tool_call(const json::value& value, const std::string& path) {
  HELICON_ASSIGN(const json::object* const object, read_object(value, path));
  chat::ToolCall call;
  HELICON_ASSIGN(const std::string_view id, read_required_string(*object, "id", path));
  call.id = id;
  if (is_given(*object, "type")) {
    HELICON_ASSIGN(const std::string_view type, read_required_string(*object, "type", path));
    if (type != "function") {
      return field_error(ErrorCode::unsupported, path + ".type", "only \"function\" is supported");
    }
  }
  const std::string function_path = path + ".function";
  const json::value* function = object->if_contains("function");
  if (function == nullptr) {
    return field_error(ErrorCode::invalid_argument, function_path, "is missing");
  }
  HELICON_ASSIGN(const json::object* const body, read_object(*function, function_path));
  HELICON_ASSIGN(const std::string_view name, read_required_string(*body, "name", function_path));
  call.name = name;
  if (const json::value* arguments = body->if_contains("arguments")) {
    HELICON_ASSIGN(call.arguments, read_arguments(*arguments, function_path + ".arguments"));
  }
  return call;
}

Status read_assistant_fields(const json::object& object, const std::string& path,
                             chat::Message& message) {
  for (const std::string_view key : {"audio", "function_call"}) {
    if (is_given(object, key)) {
      return field_error(ErrorCode::unsupported, fmt::format("{}.{}", path, key),
                         "is not supported");
    }
  }
  // Servers call it by either name, and clients send back what they got.
  HELICON_ASSIGN(message.reasoning, read_optional_string(object, "reasoning_content", path));
  if (message.reasoning.empty()) {
    HELICON_ASSIGN(message.reasoning, read_optional_string(object, "reasoning", path));
  }
  if (!is_given(object, "tool_calls")) return ok_status();
  HELICON_ASSIGN(const json::array* const calls,
                 read_array(object.at("tool_calls"), path + ".tool_calls"));
  for (size_t i = 0; i < calls->size(); ++i) {
    HELICON_ASSIGN(chat::ToolCall call,
                   read_tool_call((*calls)[i], fmt::format("{}.tool_calls[{}]", path, i)));
    message.tool_calls.push_back(std::move(call));
  }
  return ok_status();
}

Result<chat::Message> read_message(const json::value& value, const std::string& path) {
  constexpr std::string_view roles[] = {"system", "developer", "user", "assistant", "tool"};
  HELICON_ASSIGN(const json::object* const object, read_object(value, path));
  chat::Message message;
  HELICON_ASSIGN(const std::string_view role, read_required_string(*object, "role", path));
  if (std::find(std::begin(roles), std::end(roles), role) == std::end(roles)) {
    return field_error(
        ErrorCode::invalid_argument, path + ".role",
        fmt::format("must be one of {}, not \"{}\"", fmt::join(roles, ", "), quotable(role)));
  }
  message.role = role;
  HELICON_ASSIGN(message.name, read_optional_string(*object, "name", path));
  if (role == "assistant") HELICON_TRY(read_assistant_fields(*object, path, message));
  if (role == "tool") {
    HELICON_ASSIGN(const std::string_view id, read_required_string(*object, "tool_call_id", path));
    message.tool_call_id = id;
  }
  if (is_given(*object, "content")) {
    HELICON_TRY(read_content(object->at("content"), path + ".content", message));
  } else if (role != "assistant" || message.tool_calls.empty()) {
    return field_error(ErrorCode::invalid_argument, path + ".content", "is missing");
  }
  return message;
}

}  // namespace

Result<std::vector<chat::Message>> read_messages(const json::value& value) {
  HELICON_ASSIGN(const json::array* const array, read_array(value, "messages"));
  if (array->empty()) {
    return field_error(ErrorCode::invalid_argument, "messages", "must hold at least one message");
  }
  HELICON_TRY(check_count(*array, "messages", max_messages));
  std::vector<chat::Message> messages;
  messages.reserve(array->size());
  size_t media = 0;
  for (size_t i = 0; i < array->size(); ++i) {
    HELICON_ASSIGN(chat::Message message,
                   read_message((*array)[i], fmt::format("messages[{}]", i)));
    media += message.media.size();
    if (media > max_media)
      return field_error(ErrorCode::too_large, "messages",
                         fmt::format("may have at most {} pictures, films and sounds", max_media));
    messages.push_back(std::move(message));
  }
  return messages;
}

Result<json::array> read_tools(const json::value& value) {
  HELICON_ASSIGN(const json::array* const array, read_array(value, "tools"));
  HELICON_TRY(check_count(*array, "tools", max_tools));
  for (size_t i = 0; i < array->size(); ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    HELICON_ASSIGN(const json::object* const tool, read_object((*array)[i], path));
    HELICON_ASSIGN(const std::string_view type, read_required_string(*tool, "type", path));
    if (type != "function") {
      return field_error(ErrorCode::unsupported, path + ".type", "only \"function\" is supported");
    }
    const std::string function_path = path + ".function";
    const json::value* function = tool->if_contains("function");
    if (function == nullptr) {
      return field_error(ErrorCode::invalid_argument, function_path, "is missing");
    }
    HELICON_ASSIGN(const json::object* const body, read_object(*function, function_path));
    HELICON_TRY(read_required_string(*body, "name", function_path));
    HELICON_TRY(read_optional_string(*body, "description", function_path));
    if (is_given(*body, "parameters")) {
      HELICON_TRY(read_object(body->at("parameters"), function_path + ".parameters"));
    }
    if (is_given(*body, "strict")) {
      HELICON_ASSIGN(const bool strict, read_bool(body->at("strict"), function_path + ".strict"));
      if (strict) {
        return field_error(ErrorCode::unsupported, function_path + ".strict",
                           "calls cannot be held to a schema yet; leave it out or false");
      }
    }
  }
  // In memory of its own: the parsed document's is bounded, and goes with it.
  return json::array(*array, {});
}

}  // namespace helicon::http
