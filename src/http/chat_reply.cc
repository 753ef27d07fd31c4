#include "http/chat_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <random>

#include "http/utf8.h"

namespace helicon::http {
namespace {

namespace json = boost::json;

// What the protocol gives for tokens that are next to impossible; JSON has no infinity.
constexpr float lowest_logprob = -9999.0f;

// "chatcmpl-" or "call_", and 24 random hexadecimal digits.
std::string new_id(std::string_view prefix) {
  std::random_device random;
  return fmt::format("{}{:08x}{:08x}{:08x}", prefix, random(), random(), random());
}

// `called`: the choice has called tools.
json::value finish_reason(const runtime::Event& event, bool called) {
  if (!event.finish) return nullptr;
  if (*event.finish == runtime::FinishReason::length) return "length";
  return called ? "tool_calls" : "stop";
}

// In a stream, where `index` is its place among the choice's calls, and whole.
json::object call_json(const chat::ToolCall& call, std::optional<size_t> index) {
  json::object object;
  if (index) object["index"] = *index;
  object["id"] = call.id.empty() ? new_id("call_") : call.id;
  object["type"] = "function";
  object["function"] = {{"name", call.name}, {"arguments", json::serialize(call.arguments)}};
  return object;
}

json::object token_json(const ChatReplyHead& head, const runtime::TokenLogprob& token) {
  const std::string bytes = head.token_bytes(token.token);
  json::array numbers;
  for (const char byte : bytes) numbers.push_back(static_cast<unsigned char>(byte));
  json::object object;
  object["token"] = valid_utf8(bytes);
  object["logprob"] = std::max(token.logprob, lowest_logprob);
  object["bytes"] = std::move(numbers);
  return object;
}

// Of an event that has it: see counts_logprob().
json::object logprob_json(const ChatReplyHead& head, const runtime::Event& event) {
  json::object object = token_json(head, event.logprob.value_or(runtime::TokenLogprob{}));
  json::array alternatives;
  for (const runtime::TokenLogprob& alternative : event.alternatives) {
    alternatives.push_back(token_json(head, alternative));
  }
  object["top_logprobs"] = std::move(alternatives);
  return object;
}

// A token that ends the answer, by its meaning or by completing a stop string, is not part of it.
bool counts_logprob(const ChatReplyHead& head, const runtime::Event& event) {
  return head.logprobs && event.logprob && event.finish != runtime::FinishReason::stop;
}

json::object logprobs_json(json::array content) {
  json::object object;
  object["content"] = std::move(content);
  object["refusal"] = nullptr;
  return object;
}

json::object begin_object(const ChatReplyHead& head, std::string_view kind) {
  json::object object;
  object["id"] = head.id;
  object["object"] = kind;
  object["created"] = head.created;
  object["model"] = head.model;
  return object;
}

std::string as_event(const json::object& object) {
  return "data: " + json::serialize(object) + "\n\n";
}

}  // namespace

std::string new_completion_id() { return new_id("chatcmpl-"); }

json::object usage_json(const runtime::Usage& usage) {
  json::object details;
  details["cached_tokens"] = usage.cached_tokens;
  json::object object;
  object["prompt_tokens"] = usage.prompt_tokens;
  object["completion_tokens"] = usage.completion_tokens;
  object["total_tokens"] = usage.prompt_tokens + usage.completion_tokens;
  object["prompt_tokens_details"] = std::move(details);
  object["completion_tokens_details"] = {{"reasoning_tokens", usage.reasoning_tokens}};
  return object;
}

// An extension of ours: docs/api.md has the fields that each kind has.
json::object progress_json(const chat::Progress& progress) {
  using Kind = chat::Progress::Kind;
  json::object object;
  object["type"] = to_string(progress.kind);
  object["round"] = progress.round;
  switch (progress.kind) {
    case Kind::round:
      object["agents"] = progress.agents;
      break;
    case Kind::agent_started:
      object["agent"] = progress.agent;
      object["angle"] = progress.angle;
      break;
    case Kind::agent_wrote:
      object["agent"] = progress.agent;
      object["text"] = progress.text;
      break;
    case Kind::agent_checked:
      object["agent"] = progress.agent;
      object["check"] = to_string(progress.check);
      object["result"] = progress.result;
      break;
    case Kind::agent_finished:
      object["agent"] = progress.agent;
      object["outcome"] = to_string(progress.outcome);
      object["check"] = to_string(progress.check);
      object["result"] = progress.result;
      object["tokens"] = progress.tokens;
      break;
    case Kind::agreement:
      object["agreed"] = progress.agreed;
      object["answered"] = progress.answered;
      object["agents"] = progress.agents;
      object["result"] = progress.result;
      break;
    case Kind::aggregating:
    case Kind::count:
      break;
  }
  return object;
}

json::object ChatStreamWriter::chunk() const {
  json::object object = begin_object(head_, "chat.completion.chunk");
  // With include_usage every chunk has the field, and only the last one has it filled.
  if (head_.include_usage) object["usage"] = nullptr;
  return object;
}

std::string ChatStreamWriter::data(json::object delta, int choice, json::value logprobs,
                                   json::value finish) const {
  json::object element;
  element["index"] = choice;
  element["delta"] = std::move(delta);
  element["logprobs"] = std::move(logprobs);
  element["finish_reason"] = std::move(finish);
  json::object object = chunk();
  object["choices"] = json::array{std::move(element)};
  return as_event(object);
}

std::string ChatStreamWriter::begin() const {
  std::string events;
  for (int choice = 0; choice < head_.choices; ++choice) {
    events += data({{"role", "assistant"}, {"content", ""}}, choice, nullptr, nullptr);
  }
  return events;
}

std::string ChatStreamWriter::event(const runtime::Event& event) {
  std::string events;
  const bool has_logprob = counts_logprob(head_, event);
  if (event.progress) {
    // In a chunk that adds nothing to the answer, so that other clients pass over it.
    json::object object = chunk();
    object["choices"] = json::array{
        {{"index", event.choice}, {"delta", json::object()}, {"finish_reason", nullptr}}};
    object["helicon"] = progress_json(*event.progress);
    return as_event(object);
  }
  if (!event.reasoning.empty()) {
    // Clients read one of the two names.
    events += data({{"reasoning_content", event.reasoning}, {"reasoning", event.reasoning}},
                   event.choice, nullptr, nullptr);
  }
  if (!event.text.empty() || has_logprob) {
    json::value logprobs = nullptr;
    if (has_logprob) logprobs = logprobs_json(json::array{logprob_json(head_, event)});
    events += data({{"content", event.text}}, event.choice, std::move(logprobs), nullptr);
  }
  size_t& called = calls_[static_cast<size_t>(event.choice)];
  for (const chat::ToolCall& call : event.calls)
    events += data({{"tool_calls", json::array{call_json(call, called++)}}}, event.choice, nullptr,
                   nullptr);
  if (event.finish) events += data({}, event.choice, nullptr, finish_reason(event, called > 0));
  return events;
}

std::string ChatStreamWriter::end(const runtime::Usage& usage) const {
  std::string events;
  if (head_.include_usage) {
    json::object object = chunk();
    object["choices"] = json::array();
    object["usage"] = usage_json(usage);
    events = as_event(object);
  }
  return events + "data: [DONE]\n\n";
}

ChatReplyCollector::ChatReplyCollector(ChatReplyHead head)
    : head_(std::move(head)), choices_(static_cast<size_t>(head_.choices)) {}

void ChatReplyCollector::add(const runtime::Event& event) {
  Choice& choice = choices_[static_cast<size_t>(event.choice)];
  choice.text += event.text;
  choice.reasoning += event.reasoning;
  for (const chat::ToolCall& call : event.calls)
    choice.calls.push_back(call_json(call, std::nullopt));
  if (event.progress && event.progress->kind == chat::Progress::Kind::agreement)
    outcome_ = progress_json(*event.progress);
  if (counts_logprob(head_, event)) choice.logprobs.push_back(logprob_json(head_, event));
  if (event.finish) choice.finish_reason = finish_reason(event, !choice.calls.empty());
}

std::string ChatReplyCollector::body(const runtime::Usage& usage) const {
  json::array choices;
  for (size_t i = 0; i < choices_.size(); ++i) {
    const Choice& choice = choices_[i];
    json::object message;
    message["role"] = "assistant";
    message["content"] = choice.text;
    if (!choice.calls.empty()) {
      if (choice.text.empty()) message["content"] = nullptr;
      message["tool_calls"] = choice.calls;
    }
    message["refusal"] = nullptr;
    if (!choice.reasoning.empty()) {
      message["reasoning_content"] = choice.reasoning;
      message["reasoning"] = choice.reasoning;
    }
    json::object element;
    element["index"] = i;
    element["message"] = std::move(message);
    element["logprobs"] =
        head_.logprobs ? json::value(logprobs_json(choice.logprobs)) : json::value(nullptr);
    element["finish_reason"] = choice.finish_reason;
    choices.push_back(std::move(element));
  }
  json::object object = begin_object(head_, "chat.completion");
  object["choices"] = std::move(choices);
  object["usage"] = usage_json(usage);
  if (!outcome_.empty()) object["helicon"] = outcome_;
  return json::serialize(object);
}

}  // namespace helicon::http
