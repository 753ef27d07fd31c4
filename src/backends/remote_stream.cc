#include "backends/remote_stream.h"

#include <algorithm>
#include <utility>

#include "backends/remote_transfer.h"
#include "base/json_members.h"

namespace helicon::backends {
namespace {

namespace json = boost::json;

constexpr size_t kMostEventBytes = size_t{1} << 20;
constexpr size_t kMostCalls = 256;

int number_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (!value || !value->is_int64()) return 0;
  return static_cast<int>(std::clamp<int64_t>(value->as_int64(), 0, 1 << 30));
}

Error unreadable(const char* what) {
  return Error{
      ErrorCode::network, std::string("the upstream server's stream is unreadable: ") + what, {}};
}

}  // namespace

Status RemoteStream::push(std::string_view bytes,
                          const std::function<void(chat::Event)>& on_event) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    line_.append(bytes.substr(0, end));
    if (line_.size() + data_.size() > kMostEventBytes) return unreadable("an event is too large");
    if (end == std::string_view::npos) return ok_status();
    bytes.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    HELICON_TRY(take_line(on_event));
    line_.clear();
  }
  return ok_status();
}

Status RemoteStream::take_line(const std::function<void(chat::Event)>& on_event) {
  if (line_.empty()) {
    const std::string data = std::exchange(data_, {});
    return data.empty() ? ok_status() : take_data(data, on_event);
  }
  constexpr std::string_view field = "data:";
  if (!line_.starts_with(field)) return ok_status();  // comments, names of events
  std::string_view value = std::string_view(line_).substr(field.size());
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (!data_.empty()) data_ += '\n';
  data_ += value;
  return ok_status();
}

Status RemoteStream::take_data(std::string_view data,
                               const std::function<void(chat::Event)>& on_event) {
  if (data == "[DONE]") return ok_status();
  boost::system::error_code failure;
  const json::value value = json::parse(data, failure);
  const json::object* chunk = failure ? nullptr : value.if_object();
  if (!chunk) return unreadable("no JSON");
  begun_ = true;
  if (const json::value* error = chunk->if_contains("error"); error && !error->is_null())
    return error_of("the upstream server", 500, data, {});
  if (const json::object* figures = object_in(chunk, "usage")) {
    has_usage_ = true;
    usage_.prompt_tokens = number_of(*figures, "prompt_tokens");
    usage_.completion_tokens = number_of(*figures, "completion_tokens");
    if (const json::object* details = object_in(figures, "prompt_tokens_details"))
      usage_.cached_tokens = number_of(*details, "cached_tokens");
    if (const json::object* details = object_in(figures, "completion_tokens_details"))
      usage_.reasoning_tokens = number_of(*details, "reasoning_tokens");
  }
  const json::value* choices = chunk->if_contains("choices");
  if (!choices || !choices->is_array()) return ok_status();
  for (const json::value& element : choices->get_array()) {
    const json::object* choice = element.if_object();
    if (!choice) return unreadable("a choice is no object");
    chat::Event event;
    event.choice = number_of(*choice, "index");
    if (static_cast<size_t>(event.choice) >= finished_.size())
      return unreadable("a choice that was not asked for");
    std::vector<Call>& calls = calls_[static_cast<size_t>(event.choice)];
    if (const json::object* delta = object_in(choice, "delta")) {
      event.text = string_in(delta, "content");
      event.reasoning = string_in(delta, "reasoning_content");
      if (event.reasoning.empty()) event.reasoning = string_in(delta, "reasoning");
      HELICON_ASSIGN(const bool called, add_calls(*delta, calls));
      if (called) event.token = 0;
      pieces_ += called;
    }
    pieces_ += !event.text.empty();
    reasoning_pieces_ += !event.reasoning.empty();
    // A piece is about a token; which one, only the server knows.
    if (!event.text.empty() || !event.reasoning.empty()) event.token = 0;
    const std::string_view reason = string_in(choice, "finish_reason");
    if (!reason.empty()) {
      event.finish = reason == "length" ? chat::FinishReason::length : chat::FinishReason::stop;
      finished_[static_cast<size_t>(event.choice)] = true;
      HELICON_ASSIGN(event.calls, whole(std::exchange(calls, {})));
    }
    if (event.token || event.finish) on_event(std::move(event));
  }
  return ok_status();
}

Result<bool> RemoteStream::add_calls(const json::object& delta, std::vector<Call>& calls) {
  const json::value* list = delta.if_contains("tool_calls");
  if (!list || !list->is_array()) return false;
  for (const json::value& element : list->get_array()) {
    const json::object* object = element.if_object();
    if (!object) return unreadable("a tool call is no object");
    const auto index = static_cast<size_t>(number_of(*object, "index"));
    if (index >= kMostCalls) return unreadable("too many tool calls");
    if (calls.size() <= index) calls.resize(index + 1);
    Call& call = calls[index];
    call.id += string_in(object, "id");
    if (const json::object* function = object_in(object, "function")) {
      call.name += string_in(function, "name");
      call.arguments += string_in(function, "arguments");
    }
    if (call.name.size() + call.arguments.size() > kMostEventBytes)
      return unreadable("a tool call is too large");
  }
  return !list->get_array().empty();
}

Result<std::vector<chat::ToolCall>> RemoteStream::whole(const std::vector<Call>& calls) {
  std::vector<chat::ToolCall> result;
  for (const Call& call : calls) {
    if (call.name.empty()) continue;
    chat::ToolCall& one = result.emplace_back();
    one.id = call.id;
    one.name = call.name;
    if (call.arguments.empty()) continue;
    boost::system::error_code failure;
    const json::value arguments = json::parse(call.arguments, failure);
    if (failure || !arguments.is_object())
      return unreadable("a tool call's arguments are no object");
    one.arguments = arguments.get_object();
  }
  return result;
}

bool RemoteStream::complete() const {
  return std::all_of(finished_.begin(), finished_.end(), [](bool one) { return one; });
}

chat::Usage RemoteStream::usage() const {
  chat::Usage usage = usage_;
  if (!has_usage_) {
    usage.completion_tokens = pieces_ + reasoning_pieces_;
    usage.reasoning_tokens = reasoning_pieces_;
  }
  return usage;
}

}  // namespace helicon::backends
