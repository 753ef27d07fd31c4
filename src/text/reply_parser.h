// Takes apart what a model writes, as it comes: its reasoning, its answer, its calls of tools.
//
// Formats are told from the chat template that a model was trained with:
//   tags: <think> ... </think> before the answer; <tool_call>{"name": ..., "arguments": {...}}
//     </tool_call> in it, where tools were offered (Hermes, Qwen, and those after them; of those
//     trained on code, some forget the tags);
//   messages: " to=RECIPIENT<|message|>TEXT<|eom|><|start|>assistant to=..." (Muse): to=self is
//     reasoning, to=user the answer, anything else a tool.
// Whatever a model makes of its format becomes text at worst, and never an error.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"

namespace helicon::text {

struct ReplyPieces {
  std::string reasoning;
  std::string text;
  std::vector<chat::ToolCall> calls;  // complete; without ids
};

class ReplyParser {
 public:
  virtual ~ReplyParser() = default;
  // What became certain: half a marker or call is held back.
  virtual ReplyPieces push(std::string_view text) = 0;
  // Whether what comes now is reasoning, or the way to it.
  virtual bool reasoning() const = 0;
  // What was held back, once nothing more comes; `cut`: the model was not done.
  virtual ReplyPieces finish(bool cut) = 0;
};

struct ReplyFormat {
  bool thinks = false;    // <think>
  bool calls = false;     // <tool_call>
  bool messages = false;  // its markers are special tokens, whose text the parser needs to see

  static ReplyFormat of(std::string_view chat_template);
  bool reasons() const { return thinks || messages; }
};

// Of the reply to `prompt`, as the template made it, with the tools (OpenAI's definitions) that
// were offered. Null where all is text.
std::unique_ptr<ReplyParser> make_reply_parser(const ReplyFormat& format, std::string_view prompt,
                                               const boost::json::array& tools);

}  // namespace helicon::text
