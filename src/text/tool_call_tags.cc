#include "text/tool_call_tags.h"

#include <optional>
#include <utility>

#include "base/json_members.h"
#include "text/marker.h"

namespace helicon::text {
namespace {

namespace json = boost::json;

// Some write the arguments as a string that holds the object.
std::optional<json::object> arguments_of(const json::object& call) {
  const json::value* given = call.if_contains("arguments");
  if (!given) given = call.if_contains("parameters");
  if (!given || given->is_null()) return json::object();
  if (given->is_object()) return given->get_object();
  if (!given->is_string()) return std::nullopt;
  boost::system::error_code failure;
  json::value parsed = json::parse(given->get_string(), failure);
  if (failure || !parsed.is_object()) return std::nullopt;
  return std::move(parsed.get_object());
}

std::optional<chat::ToolCall> read_call(std::string_view body) {
  boost::system::error_code failure;
  const json::value parsed = json::parse(trimmed(body), failure);
  const json::object* object = failure ? nullptr : parsed.if_object();
  const std::string_view name = string_in(object, "name");
  if (name.empty()) return std::nullopt;
  std::optional<json::object> arguments = arguments_of(*object);
  if (!arguments) return std::nullopt;
  chat::ToolCall call;
  call.name = name;
  call.arguments = *std::move(arguments);
  return call;
}

}  // namespace

constexpr ToolCallTags::Form ToolCallTags::tag_form{"<tool_call>", "</tool_call>", true};
constexpr ToolCallTags::Form ToolCallTags::block_form{"```json", "```", false};
constexpr ToolCallTags::Form ToolCallTags::alone_form{"", "", false};

bool ToolCallTags::used_by(std::string_view chat_template) {
  return chat_template.find(tag_form.open) != std::string_view::npos;
}

ToolCallTags::ToolCallTags(const json::array& tools) {
  for (const json::value& tool : tools) {
    const json::object* function = object_in(tool.if_object(), "function");
    names_.emplace_back(string_in(function, "name"));
  }
}

// What is inside has ended: it is a call, or was text after all.
void ToolCallTags::conclude(std::string_view body, std::string_view close, ReplyPieces& pieces) {
  const Form& form = *std::exchange(inside_, nullptr);
  std::optional<chat::ToolCall> call = read_call(body);
  if (call && !form.tagged && std::find(names_.begin(), names_.end(), call->name) == names_.end())
    call.reset();
  behind_call_ = call.has_value();
  if (call)
    pieces.calls.push_back(*std::move(call));
  else
    pieces.text.append(blanks_).append(form.open).append(body).append(close);
}

void ToolCallTags::push(std::string_view text, ReplyPieces& pieces) {
  // What was searched before is not searched again.
  size_t from = held_.size() - std::min(held_.size(), tag_form.close.size());
  held_ += text;
  for (;; from = 0) {
    if (inside_ == &alone_form) return;
    if (inside_) {
      const std::string_view close = inside_->close;
      const size_t end = held_.find(close, from);
      if (end == std::string::npos) return;
      conclude(std::string_view(held_).substr(0, end), close, pieces);
      held_.erase(0, end + close.size());
    }
    const size_t first = held_.find_first_not_of(kBlanks);
    if (behind_call_) held_.erase(0, std::min(first, held_.size()));
    if (first == std::string::npos) return;
    if (!std::exchange(begun_, true) && held_[first] == '{') {
      blanks_ = held_.substr(0, first);
      held_.erase(0, first);
      inside_ = &alone_form;
      return;
    }
    const Form* next = nullptr;
    size_t begin = std::string::npos;
    size_t certain = held_.size();
    for (const Form* const form : {&tag_form, &block_form}) {
      certain = std::min(certain, held_.size() - beginning_of(form->open, held_));
      if (const size_t at = held_.find(form->open); at < begin) {
        begin = at;
        next = form;
      }
    }
    if (next) certain = begin;
    const size_t last =
        certain == 0 ? std::string::npos : held_.find_last_not_of(kBlanks, certain - 1);
    const size_t shown = last == std::string::npos ? 0 : last + 1;
    pieces.text.append(held_, 0, shown);
    if (shown > 0) behind_call_ = false;
    if (!next) {
      held_.erase(0, shown);
      return;
    }
    blanks_ = held_.substr(shown, begin - shown);
    held_.erase(0, begin + next->open.size());
    inside_ = next;
  }
}

void ToolCallTags::finish(ReplyPieces& pieces) {
  const std::string rest = std::exchange(held_, {});
  if (inside_)
    conclude(rest, {}, pieces);
  else
    pieces.text += rest;
}

}  // namespace helicon::text
