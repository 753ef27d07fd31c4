#include "backends/remote_request.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "base/base64.h"

namespace helicon::backends {
namespace {

namespace json = boost::json;

constexpr size_t kMostMediumBytes = size_t{64} << 20;

// By MediumKind: type of a part, which is a data: URL, and what that says of itself where the
// sender did not. What is in the file, its bytes say.
struct PartType {
  const char *part, *data;
};
constexpr PartType kPartTypes[] = {
    {"image_url", "image/png"}, {"video_url", "video/mp4"}, {"audio_url", "audio/wav"}};

Result<json::object> medium_json(const chat::Medium& medium) {
  const PartType& type = kPartTypes[static_cast<size_t>(medium.kind)];
  auto bytes = medium.file->read_whole(kMostMediumBytes);
  if (!bytes.ok()) return chat::about(medium, std::move(bytes).error());
  const std::string url =
      fmt::format("data:{};base64,{}", medium.type.empty() ? type.data : medium.type.c_str(),
                  encode_base64(*bytes));
  return json::object{{"type", type.part}, {type.part, {{"url", url}}}};
}

Result<json::object> message_json(const chat::Message& message) {
  json::object object{{"role", message.role}, {"content", message.content}};
  if (!message.media.empty()) {
    std::vector<json::object> media;
    for (const chat::Medium& medium : message.media) {
      HELICON_ASSIGN(json::object part, medium_json(medium));
      media.push_back(std::move(part));
    }
    object["content"] = chat::content_parts(message, std::move(media));
  }
  if (!message.name.empty()) object["name"] = message.name;
  if (!message.reasoning.empty()) object["reasoning_content"] = message.reasoning;
  if (!message.tool_call_id.empty()) object["tool_call_id"] = message.tool_call_id;
  if (message.tool_calls.empty()) return object;
  json::array& calls = object["tool_calls"].emplace_array();
  for (const chat::ToolCall& call : message.tool_calls)
    calls.push_back(
        {{"id", call.id},
         {"type", "function"},
         {"function", {{"name", call.name}, {"arguments", json::serialize(call.arguments)}}}});
  return object;
}

}  // namespace

// Fields of the protocol always, and extensions only where they say something.
Result<std::string> body_of(const std::string& model, const ChatRequest& request) {
  const runtime::SamplingParameters& sampling = request.sampling;
  json::object body{{"model", model},
                    {"stream", true},
                    {"stream_options", {{"include_usage", true}}},
                    {"temperature", sampling.temperature},
                    {"top_p", sampling.top_p},
                    {"seed", static_cast<int64_t>(sampling.seed)}};
  json::array& messages = body["messages"].emplace_array();
  for (const chat::Message& message : request.messages) {
    HELICON_ASSIGN(json::object object, message_json(message));
    messages.push_back(std::move(object));
  }
  if (request.choices > 1) body["n"] = request.choices;
  // The older name, which every server knows.
  if (request.max_tokens >= 0) body["max_tokens"] = request.max_tokens;
  if (!request.stop.empty()) body["stop"] = json::value_from(request.stop);
  if (!request.tools.empty()) body["tools"] = request.tools;
  if (!request.template_variables.empty())
    body["chat_template_kwargs"] = request.template_variables;
  if (!request.reasoning_effort.empty()) body["reasoning_effort"] = request.reasoning_effort;
  if (sampling.top_k > 0) body["top_k"] = sampling.top_k;
  if (sampling.min_p > 0) body["min_p"] = sampling.min_p;
  if (sampling.repetition_penalty != 1) body["repetition_penalty"] = sampling.repetition_penalty;
  if (sampling.frequency_penalty != 0) body["frequency_penalty"] = sampling.frequency_penalty;
  if (sampling.presence_penalty != 0) body["presence_penalty"] = sampling.presence_penalty;
  if (!sampling.logit_bias.empty()) {
    json::object& biases = body["logit_bias"].emplace_object();
    for (const auto& [token, bias] : sampling.logit_bias) biases[std::to_string(token)] = bias;
  }
  return json::serialize(body);
}

}  // namespace helicon::backends
