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

// By MediumKind: what templates call it.
constexpr const char* kPartTypes[] = {"image", "video", "audio"};

}  // namespace

boost::json::array content_parts(const Message& message,
                                 const std::function<boost::json::object(const Medium&)>& part_of) {
  boost::json::array parts;
  size_t from = 0;
  const auto add_text = [&](size_t to) {
    if (to > from)
      parts.push_back(
          boost::json::object{{"type", "text"}, {"text", message.content.substr(from, to - from)}});
    from = to;
  };
  for (const Medium& medium : message.media) {
    add_text(medium.at);
    parts.push_back(part_of(medium));
  }
  add_text(message.content.size());
  return parts;
}

boost::json::object to_template_json(const Message& message) {
  boost::json::object json;
  json["role"] = message.role;
  if (message.media.empty())
    json["content"] = message.content;
  else
    json["content"] = content_parts(message, [](const Medium& medium) {
      return boost::json::object{{"type", kPartTypes[static_cast<size_t>(medium.kind)]}};
    });
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
