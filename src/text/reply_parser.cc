#include "text/reply_parser.h"

#include <optional>
#include <utility>

#include "text/message_reply.h"
#include "text/reasoning_splitter.h"
#include "text/tool_call_tags.h"

namespace helicon::text {
namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

class TaggedReply final : public ReplyParser {
 public:
  // Each where it is wanted.
  TaggedReply(std::optional<ReasoningSplitter> splitter, std::optional<ToolCallTags> tags)
      : splitter_(std::move(splitter)), tags_(std::move(tags)) {}

  ReplyPieces push(std::string_view text) override {
    if (!splitter_) return behind({}, text);
    const ReasoningSplitter::Pieces pieces = splitter_->push(text);
    return behind(pieces.reasoning, pieces.text);
  }

  bool reasoning() const override { return splitter_ && splitter_->reasoning(); }

  ReplyPieces finish(bool) override {
    ReasoningSplitter::Pieces rest;
    if (splitter_) rest = splitter_->finish();
    ReplyPieces pieces = behind(rest.reasoning, rest.text);
    if (tags_) tags_->finish(pieces);
    return pieces;
  }

 private:
  ReplyPieces behind(std::string_view reasoning, std::string_view text) {
    ReplyPieces pieces;
    pieces.reasoning = reasoning;
    if (tags_)
      tags_->push(text, pieces);
    else
      pieces.text = text;
    return pieces;
  }

  std::optional<ReasoningSplitter> splitter_;
  std::optional<ToolCallTags> tags_;
};

}  // namespace

ReplyFormat ReplyFormat::of(std::string_view chat_template) {
  ReplyFormat format;
  format.messages = has(chat_template, "<|message|>") && has(chat_template, "to=self");
  if (format.messages) return format;
  format.thinks = ReasoningSplitter::used_by(chat_template);
  format.calls = ToolCallTags::used_by(chat_template);
  return format;
}

std::unique_ptr<ReplyParser> make_reply_parser(const ReplyFormat& format, std::string_view prompt,
                                               const boost::json::array& tools) {
  if (format.messages) return std::make_unique<MessageReply>(tools);
  std::optional<ReasoningSplitter> splitter;
  if (format.thinks) splitter.emplace(ReasoningSplitter::opened_by(prompt));
  std::optional<ToolCallTags> tags;
  if (format.calls && !tools.empty()) tags.emplace(tools);
  if (!splitter && !tags) return nullptr;
  return std::make_unique<TaggedReply>(std::move(splitter), std::move(tags));
}

}  // namespace helicon::text
