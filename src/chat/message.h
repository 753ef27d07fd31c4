// The words that everything above the engine shares: messages, tool calls, and what comes back.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace helicon::chat {

struct ToolCall {
  std::string id;
  std::string name;
  boost::json::object arguments;
};

// One turn. `role` is what the template sees: system, developer, user, assistant, tool.
struct Message {
  std::string role;
  std::string content;               // text parts joined
  std::string reasoning;             // an assistant's earlier reasoning, where given
  std::vector<ToolCall> tool_calls;  // of an assistant
  std::string tool_call_id;          // of a tool's answer
  std::string name;                  // of a tool or participant
};

// The message as a chat template expects it (content, tool_calls[].function..., and so on).
boost::json::object to_template_json(const Message& message);

}  // namespace helicon::chat
