#include "chat/message.h"

#include <utility>

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

std::string_view to_string(MediumKind kind) {
  constexpr std::string_view names[] = {"picture", "film", "sound"};
  return names[static_cast<size_t>(kind)];
}

std::string_view sense_for(MediumKind kind) { return kind == MediumKind::sound ? "ears" : "eyes"; }

Error about(const Medium& medium, Error error) {
  error.message = medium.name + ": " + error.message;
  error.parameter = medium.name;
  return error;
}

boost::json::array content_parts(const Message& message, std::vector<boost::json::object> media) {
  boost::json::array parts;
  size_t from = 0;
  const auto add_text = [&](size_t to) {
    if (to > from)
      parts.push_back(
          boost::json::object{{"type", "text"}, {"text", message.content.substr(from, to - from)}});
    from = to;
  };
  for (size_t i = 0; i < media.size(); ++i) {
    add_text(message.media[i].at);
    parts.push_back(std::move(media[i]));
  }
  add_text(message.content.size());
  return parts;
}

boost::json::object to_template_json(const Message& message) {
  boost::json::object json;
  json["role"] = message.role;
  std::vector<boost::json::object> media;
  for (const Medium& medium : message.media)
    media.push_back(boost::json::object{{"type", kPartTypes[static_cast<size_t>(medium.kind)]}});
  if (media.empty())
    json["content"] = message.content;
  else
    json["content"] = content_parts(message, std::move(media));
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
