#include "chat/message.h"

namespace helicon::chat {
namespace {

boost::json::object to_template_json(const ToolCall& call) {
  boost::json::object json;
  if (!call.id.empty()) json["id"] = call.id;
  json["type"] = "function";
  json["function"] = {{"name", call.name}, {"arguments", call.arguments}};
  return json;
}

}  // namespace

boost::json::object to_template_json(const Message& message) {
  boost::json::object json;
  json["role"] = message.role;
  json["content"] = message.content;
  if (!message.reasoning.empty()) json["reasoning_content"] = message.reasoning;
  if (!message.tool_calls.empty()) {
    boost::json::array& calls = json["tool_calls"].emplace_array();
    for (const ToolCall& call : message.tool_calls) calls.push_back(to_template_json(call));
  }
  if (!message.tool_call_id.empty()) json["tool_call_id"] = message.tool_call_id;
  if (!message.name.empty()) json["name"] = message.name;
  return json;
}

}  // namespace helicon::chat
