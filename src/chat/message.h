// The words that everything above the engine shares: messages, tool calls, and what comes back.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_bytes.h"
#include "base/result.h"

namespace helicon::chat {

struct ToolCall {
  std::string id;
  std::string name;
  boost::json::object arguments;
};

enum class MediumKind { picture, film, sound };
std::string_view to_string(MediumKind kind);  // "picture"
std::string_view sense_for(MediumKind kind);  // "eyes" or "ears"

// Something to see or to hear, in a file of whatever format.
struct Medium {
  MediumKind kind = MediumKind::picture;
  std::shared_ptr<const GivenFile> file;  // null until it is fetched from
  std::string address;                    // http or https, where its sender gave one
  std::string type;                       // "image/png", as its sender calls it; or empty
  std::string name;                       // for messages: "messages[0].content[1]", or a path
  bool muted = false;                     // of a film: its sound is not for the ears
  size_t at = 0;                          // before so many bytes of the content
};

// The error with the medium's name before its message, and as its parameter.
Error about(const Medium& medium, Error error);

// One turn. `role` is what the template sees: system, developer, user, assistant, tool.
struct Message {
  std::string role;
  std::string content;               // text parts joined
  std::vector<Medium> media;         // among the text, by `at`
  std::string reasoning;             // an assistant's earlier reasoning, where given
  std::vector<ToolCall> tool_calls;  // of an assistant
  std::string tool_call_id;          // of a tool's answer
  std::string name;                  // of a tool or participant
};

// The content of a message with media as an array of parts in their order: {"type": "text", "text":
// ...}, and for each medium the next of `media`.
boost::json::array content_parts(const Message& message, std::vector<boost::json::object> media);

// The message as a chat template expects it (content, tool_calls[].function..., and so on). With
// media, content is an array of parts: {"type": "image"}, "video" or "audio" for each of them.
boost::json::object to_template_json(const Message& message);

}  // namespace helicon::chat
