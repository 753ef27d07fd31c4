// The replies of Muse: messages with recipients, ended by <|eom|> where the same speaker goes on
// and by <|eot|> where it does not. The prompt ends with "<|start|>assistant"; the model goes on
// with " to=self<|message|>".
#pragma once

#include <string>
#include <string_view>

#include "text/reply_parser.h"

namespace helicon::text {

class MessageReply final : public ReplyParser {
 public:
  explicit MessageReply(boost::json::array tools) : tools_(std::move(tools)) {}
  ReplyPieces push(std::string_view text) override;
  ReplyPieces finish(bool cut) override;
  bool reasoning() const override {
    return part_ == Part::reasoning || (part_ == Part::header && !any_text_);
  }

 private:
  enum class Part { header, reasoning, text, call };

  void take(std::string_view text, ReplyPieces& pieces);
  void take_marker(std::string_view marker, ReplyPieces& pieces);
  void take_header(std::string_view text, ReplyPieces& pieces);
  void begin_message(Part part);
  void end_message(bool cut, ReplyPieces& pieces);
  void add_text(std::string_view text, ReplyPieces& pieces);
  void add_reasoning(std::string_view text, ReplyPieces& pieces);

  const boost::json::array tools_;
  std::string held_;    // may be the beginning of a marker
  std::string header_;  // so far
  std::string call_;    // the message to a tool so far
  Part part_ = Part::header;
  bool any_text_ = false, any_reasoning_ = false;
  bool begins_ = false;  // a message of which nothing has been shown
};

}  // namespace helicon::text
