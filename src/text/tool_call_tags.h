// Calls of tools within a text: <tool_call>{"name": ..., "arguments": {...}}</tool_call>, and as
// models write them that are better at code than at tags: the object in a block of JSON, or alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/reply_parser.h"

namespace helicon::text {

class ToolCallTags {
 public:
  // Whether a template asks for such calls.
  static bool used_by(std::string_view chat_template);

  // Of the tools (OpenAI's definitions) that were offered.
  explicit ToolCallTags(const boost::json::array& tools);
  // Adds to the pieces what became certain. Blanks beside a call are the call's.
  void push(std::string_view text, ReplyPieces& pieces);
  // Adds what was held back. A call whose end is missing counts if it is whole.
  void finish(ReplyPieces& pieces);

 private:
  // How a call begins and ends. One without tags is a call only where it names a tool.
  struct Form {
    std::string_view open, close;
    bool tagged;
  };
  static const Form tag_form, block_form, alone_form;

  void conclude(std::string_view body, std::string_view close, ReplyPieces& pieces);

  std::vector<std::string> names_;
  std::string held_;
  const Form* inside_ = nullptr;
  std::string blanks_;        // before the call that held_ is
  bool begun_ = false;        // something but blanks has come
  bool behind_call_ = false;  // and nothing else has come since
};

}  // namespace helicon::text
