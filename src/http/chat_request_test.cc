#include "http/chat_request.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <tuple>

namespace helicon::http {
namespace {

// A request that is right, with `fields` beside it.
std::string with(std::string_view fields) {
  std::string body = R"({"model":"m","messages":[{"role":"user","content":"hello"}])";
  if (!fields.empty()) (body += ',') += fields;
  return body + "}";
}

std::string with_messages(std::string_view messages) {
  return R"({"model":"m","messages":)" + std::string(messages) + "}";
}

ChatCompletionRequest parse(const std::string& body) {
  auto request = parse_chat_request(body);
  EXPECT_TRUE(request.ok()) << body << ": " << (request.ok() ? "" : request.error().message);
  return request.ok() ? std::move(request).value() : ChatCompletionRequest{};
}

TEST(ChatRequest, TheSmallestHasTheProtocolsDefaults) {
  const ChatCompletionRequest request = parse(with(""));
  EXPECT_EQ(request.model, "m");
  EXPECT_FALSE(request.stream);
  EXPECT_FALSE(request.include_usage);
  EXPECT_FALSE(request.seed.has_value());
  EXPECT_EQ(request.chat.choices, 1);
  EXPECT_EQ(request.chat.max_tokens, -1);
  EXPECT_EQ(request.chat.top_logprobs, -1);
  EXPECT_EQ(request.chat.sampling.temperature, 1.0f);
  EXPECT_EQ(request.chat.sampling.top_p, 1.0f);
  ASSERT_EQ(request.chat.messages.size(), 1u);
  EXPECT_EQ(request.chat.messages[0].role, "user");
  EXPECT_EQ(request.chat.messages[0].content, "hello");
}

TEST(ChatRequest, ThreeWaysToAskForAMode) {
  using agents::Mode;
  EXPECT_EQ(parse(with("")).mode.mode, Mode::instant);
  EXPECT_EQ(parse(with(R"("reasoning_effort":"none")")).mode.mode, Mode::instant);
  for (const char* effort : {"minimal", "low", "medium", "high", "xhigh"}) {
    const auto mode = parse(with(fmt::format(R"("reasoning_effort":"{}")", effort))).mode;
    EXPECT_EQ(mode.mode, Mode::thinking);
    EXPECT_EQ(mode.effort, effort);
  }
  EXPECT_EQ(parse(with(R"("mode":"thinking")")).mode.mode, Mode::thinking);
  const auto mode = parse(with(R"("mode":{"name":"contemplating","agents":4,"rounds":1,
                                  "budget_tokens":300},"reasoning_effort":"high")"))
                        .mode;
  EXPECT_EQ(mode.mode, Mode::contemplating);
  EXPECT_EQ(mode.agents, 4);
  EXPECT_EQ(mode.rounds, 1);
  EXPECT_EQ(agents::budget_of(mode), 300);

  const auto suffixed = [](std::string_view model) {
    return parse(
        fmt::format(R"({{"model":"{}","messages":[{{"role":"user","content":"a"}}]}})", model));
  };
  EXPECT_EQ(suffixed("m:instant").mode.mode, Mode::instant);
  EXPECT_EQ(suffixed("m:thinking").mode.mode, Mode::thinking);
  EXPECT_EQ(suffixed("m:contemplating").mode.mode, Mode::contemplating);
  EXPECT_EQ(suffixed("m:contemplating").model, "m");
  EXPECT_EQ(suffixed("org/m:1.5b").model, "org/m:1.5b");  // a tag of another kind
  EXPECT_EQ(suffixed("org/m:1.5b:thinking").model, "org/m:1.5b");
}

TEST(ChatRequest, ReadsEveryField) {
  const ChatCompletionRequest request = parse(with(R"(
      "stream":true, "stream_options":{"include_usage":true,"include_obfuscation":false},
      "n":3, "stop":["a","b"], "max_tokens":7, "seed":-5, "logprobs":true, "top_logprobs":4,
      "temperature":0, "top_k":40, "top_p":0.5, "min_p":0.25, "repetition_penalty":1.5,
      "frequency_penalty":-2, "presence_penalty":2, "logit_bias":{"5":-100,"7":0.5}, "user":"u",
      "chat_template_kwargs":{"enable_thinking":false},
      "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
      "tool_choice":"auto", "response_format":{"type":"text"}, "modalities":["text"],
      "parallel_tool_calls":true, "service_tier":"auto", "store":false, "metadata":{"a":"b"},
      "verbosity":"medium", "prompt_cache_key":"k", "safety_identifier":"s")"));
  EXPECT_TRUE(request.stream);
  EXPECT_TRUE(request.include_usage);
  EXPECT_EQ(request.seed, -5);
  EXPECT_EQ(request.user, "u");
  const backends::ChatRequest& chat = request.chat;
  EXPECT_EQ(chat.choices, 3);
  EXPECT_EQ(chat.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(chat.max_tokens, 7);
  EXPECT_EQ(chat.top_logprobs, 4);
  EXPECT_EQ(chat.sampling.temperature, 0.0f);
  EXPECT_EQ(chat.sampling.top_k, 40);
  EXPECT_EQ(chat.sampling.top_p, 0.5f);
  EXPECT_EQ(chat.sampling.min_p, 0.25f);
  EXPECT_EQ(chat.sampling.repetition_penalty, 1.5f);
  EXPECT_EQ(chat.sampling.frequency_penalty, -2.0f);
  EXPECT_EQ(chat.sampling.presence_penalty, 2.0f);
  ASSERT_EQ(chat.sampling.logit_bias.size(), 2u);
  EXPECT_EQ(chat.sampling.logit_bias[0], (std::pair<text::TokenId, float>{5, -100.0f}));
  EXPECT_EQ(chat.template_variables.at("enable_thinking"), false);
  EXPECT_EQ(chat.tools.at(0).at_pointer("/function/name"), "f");
}

TEST(ChatRequest, NullIsAsGoodAsAbsent) {
  const ChatCompletionRequest request = parse(with(
      R"("temperature":null,"stop":null,"tools":null,"audio":null,"max_tokens":null,"n":null,
         "no_such_field":null)"));
  EXPECT_EQ(request.chat.sampling.temperature, 1.0f);
  EXPECT_TRUE(request.chat.stop.empty());
}

TEST(ChatRequest, WhatLeavesTheAnswerAsItIsMayBeSent) {
  parse(with(R"("cache_prompt":true, "id_slot":-1, "keep_alive":"5m", "priority":0,
                "request_id":"r", "timings_per_token":false)"));
  // What clients send back of what servers gave them.
  parse(with_messages(R"([{"role":"user","content":"a","timestamp":5},
      {"role":"assistant","content":"b","id":"m","annotations":[],"refusal":null,"audio":null},
      {"role":"user","content":[{"type":"text","text":"c","cache_control":{"type":"ephemeral"}}]}])"));
}

TEST(ChatRequest, FieldsThatBelongTogether) {
  EXPECT_EQ(parse(with(R"("max_completion_tokens":9)")).chat.max_tokens, 9);
  EXPECT_EQ(parse(with(R"("max_completion_tokens":9,"max_tokens":9)")).chat.max_tokens, 9);
  EXPECT_EQ(parse(with(R"("logprobs":true)")).chat.top_logprobs, 0);
  EXPECT_EQ(parse(with(R"("stop":"x")")).chat.stop, std::vector<std::string>{"x"});
  constexpr std::string_view tools = R"("tools":[{"type":"function","function":{"name":"f"}}])";
  EXPECT_EQ(parse(with(tools)).chat.tools.size(), 1u);
  EXPECT_TRUE(parse(with(std::string(tools) + R"(,"tool_choice":"none")")).chat.tools.empty());
}

TEST(ChatRequest, ReadsEveryKindOfMessage) {
  const ChatCompletionRequest request = parse(with_messages(R"([
      {"role":"system","content":"be kind"},
      {"role":"user","name":"ann","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]},
      {"role":"assistant","content":null,"reasoning_content":"hm","refusal":null,"tool_calls":[
        {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":[1]}"}},
        {"id":"c2","function":{"name":"g","arguments":{"y":2}}}]},
      {"role":"tool","tool_call_id":"c1","content":"42"},
      {"role":"assistant","content":""}])"));
  const auto& messages = request.chat.messages;
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(messages[1].content, "one\ntwo");
  EXPECT_EQ(messages[1].name, "ann");
  EXPECT_EQ(messages[2].reasoning, "hm");
  ASSERT_EQ(messages[2].tool_calls.size(), 2u);
  EXPECT_EQ(messages[2].tool_calls[0].id, "c1");
  EXPECT_EQ(messages[2].tool_calls[0].arguments.at("x").at(0), 1);
  EXPECT_EQ(messages[2].tool_calls[1].arguments.at("y"), 2);
  EXPECT_EQ(messages[3].tool_call_id, "c1");
  EXPECT_EQ(messages[4].content, "");
}

TEST(ChatRequest, ReadsEveryKindOfMedium) {
  const ChatCompletionRequest request = parse(with_messages(R"([{"role":"user","content":[
      {"type":"image_url","image_url":{"url":"data:image/png;base64,cGljdHVyZQ==","detail":"low"}},
      {"type":"text","text":"one"},{"type":"text","text":"two"},
      {"type":"input_audio","input_audio":{"data":"c291bmQ=","format":"wav"}},
      {"type":"text","text":"three"},
      {"type":"file","file":{"file_data":"data:video/mp4;base64,ZmlsbQ==","filename":"a.mp4"}},
      {"type":"video_url","video_url":"data:;base64,ZmlsbSAy"}]}])"));
  const chat::Message& message = request.chat.messages.at(0);
  EXPECT_EQ(message.content, "one\ntwothree");
  using Kind = chat::MediumKind;
  const std::tuple<Kind, const char*, size_t, const char*> expected[] = {
      {Kind::picture, "picture", 0, "messages[0].content[0]"},
      {Kind::sound, "sound", 7, "messages[0].content[3]"},
      {Kind::film, "film", 12, "messages[0].content[5]"},
      {Kind::film, "film 2", 12, "messages[0].content[6]"}};
  ASSERT_EQ(message.media.size(), std::size(expected));
  for (size_t i = 0; i < std::size(expected); ++i) {
    const auto& [kind, bytes, at, name] = expected[i];
    const chat::Medium& medium = message.media[i];
    EXPECT_EQ(medium.kind, kind);
    EXPECT_EQ(medium.at, at);
    EXPECT_EQ(medium.name, name);
    const auto found = medium.file->read_whole(100);
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(*found, bytes);
  }
}

TEST(ChatRequest, ListsAreBounded) {
  const auto list_of = [](size_t count, const std::string& element) {
    std::string text = "[";
    for (size_t i = 0; i < count; ++i) (text += i > 0 ? "," : "") += element;
    return text + "]";
  };
  const std::string message = R"({"role":"user","content":"x"})";
  EXPECT_TRUE(parse_chat_request(with_messages(list_of(10'000, message))).ok());
  auto messages = parse_chat_request(with_messages(list_of(10'001, message)));
  ASSERT_FALSE(messages.ok());
  EXPECT_EQ(messages.error().code, ErrorCode::too_large);
  EXPECT_EQ(messages.error().message, "messages: may hold at most 10000 elements, not 10001");
  const std::string tool = R"({"type":"function","function":{"name":"f"}})";
  auto tools = parse_chat_request(with("\"tools\":" + list_of(1'001, tool)));
  ASSERT_FALSE(tools.ok());
  EXPECT_EQ(tools.error().parameter, "tools");
}

struct Refusal {
  std::string body;
  ErrorCode code;
  std::string parameter;
  std::string part_of_message;
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, NamesTheField) {
  const Refusal& refusal = GetParam();
  auto request = parse_chat_request(refusal.body);
  ASSERT_FALSE(request.ok()) << refusal.body;
  const Error& error = request.error();
  EXPECT_EQ(error.code, refusal.code) << refusal.body << ": " << error.message;
  EXPECT_EQ(error.parameter, refusal.parameter) << refusal.body << ": " << error.message;
  EXPECT_NE(error.message.find(refusal.part_of_message), std::string::npos) << error.message;
  EXPECT_TRUE(error.message.starts_with(refusal.parameter)) << error.message;
  EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
}

constexpr ErrorCode invalid = ErrorCode::invalid_argument;
constexpr ErrorCode unsupported = ErrorCode::unsupported;

INSTANTIATE_TEST_SUITE_P(
    Fields, Refused,
    testing::Values(
        Refusal{"[]", invalid, "", "must be a JSON object, not an array"},
        Refusal{"{}", invalid, "model", "is missing"},
        Refusal{R"({"model":7})", invalid, "model", "must be a string, not an integer"},
        Refusal{R"({"model":"m"})", invalid, "messages", "is missing"},
        Refusal{with(R"("temperature":"hot")"), invalid, "temperature", "must be a number"},
        Refusal{with(R"("temperature":2.5)"), invalid, "temperature", "between 0 and 2, not 2.5"},
        Refusal{with(R"("temperature":1e999)"), invalid, "temperature", "not inf"},
        Refusal{with(R"("top_p":0)"), invalid, "top_p", "above 0"},
        Refusal{with(R"("min_p":-1)"), invalid, "min_p", "between 0 and 1"},
        Refusal{with(R"("top_k":-1)"), invalid, "top_k", "not -1"},
        Refusal{with(R"("repetition_penalty":0)"), invalid, "repetition_penalty", "above 0"},
        Refusal{with(R"("n":0)"), invalid, "n", "between 1 and 16, not 0"},
        Refusal{with(R"("n":true)"), invalid, "n", "must be an integer, not a boolean"},
        Refusal{with(R"("max_tokens":0)"), invalid, "max_tokens", "between 1 and"},
        Refusal{with(R"("max_tokens":1.5)"), invalid, "max_tokens", "must be an integer"},
        Refusal{with(R"("max_tokens":99999999999999999999)"), invalid, "max_tokens", "integer"},
        Refusal{with(R"("max_tokens":1,"max_completion_tokens":2)"), invalid, "max_tokens",
                "contradicts"},
        Refusal{with(R"("seed":"x")"), invalid, "seed", "must be an integer"},
        Refusal{with(R"("stream":"true")"), invalid, "stream", "must be a boolean"},
        Refusal{with(R"("stream_options":{})"), invalid, "stream_options", "stream is true"},
        Refusal{with(R"("stream":true,"stream_options":{"include_usage":1})"), invalid,
                "stream_options.include_usage", "must be a boolean"},
        Refusal{with(R"("top_logprobs":3)"), invalid, "top_logprobs", "logprobs is true"},
        Refusal{with(R"("logprobs":true,"top_logprobs":21)"), invalid, "top_logprobs", "0 and 20"},
        Refusal{with(R"("stop":"")"), invalid, "stop", "1 to 1024 bytes"},
        Refusal{with(R"("stop":["a",7])"), invalid, "stop[1]", "must be a string"},
        Refusal{with(R"("stop":{"a":7})"), invalid, "stop", "a string or an array of strings"},
        Refusal{with(R"("logit_bias":{"x":1})"), invalid, "logit_bias", "\"x\" is not a token id"},
        Refusal{with(R"("logit_bias":{"5x":1})"), invalid, "logit_bias", "not a token id"},
        Refusal{with(R"("logit_bias":{"99999999999":1})"), invalid, "logit_bias", "not a token id"},
        Refusal{with(R"("logit_bias":{"5":101})"), invalid, "logit_bias.5", "-100 and 100"},
        Refusal{with(R"("logit_bias":[1])"), invalid, "logit_bias", "must be an object"},
        Refusal{with(R"("response_format":{"type":"json_object"})"), unsupported, "response_format",
                "only \"text\""},
        Refusal{with(R"("response_format":{})"), invalid, "response_format.type", "is missing"},
        Refusal{with(R"("tool_choice":"required")"), unsupported, "tool_choice", "enforced"},
        Refusal{with(R"("tool_choice":{"type":"function","function":{"name":"f"}})"), unsupported,
                "tool_choice", "enforced"},
        Refusal{with(R"("tool_choice":"maybe")"), invalid, "tool_choice", "\"maybe\""},
        Refusal{with(R"("parallel_tool_calls":false)"), unsupported, "parallel_tool_calls", ""},
        Refusal{with(R"("temprature":0)"), invalid, "temprature", "did you mean 'temperature'?"},
        Refusal{with(R"("max_token":1)"), invalid, "max_token", "did you mean 'max_tokens'?"},
        Refusal{with(R"("ignore_eos":true)"), invalid, "ignore_eos", "no field that this server"},
        Refusal{with(R"("no\nsuch\u0000":1)"), invalid, "no�such�", "no field that this server"},
        Refusal{with(R"("stream":true,"stream_options":{"includeusage":true})"), invalid,
                "stream_options.includeusage", "did you mean 'include_usage'?"},
        Refusal{with(R"("audio":{"voice":"alloy"})"), unsupported, "audio", "not supported"},
        Refusal{with(R"("modalities":["text","audio"])"), unsupported, "modalities", "audio"},
        Refusal{with(R"("functions":[])"), unsupported, "functions", "not supported"},
        Refusal{with(R"("store":true)"), unsupported, "store", "not stored"},
        Refusal{with(R"("reasoning_effort":"much")"), invalid, "reasoning_effort", "xhigh"},
        Refusal{with(R"("mode":"dreaming")"), invalid, "mode", "contemplating"},
        Refusal{with(R"("mode":{"agents":8})"), invalid, "mode.name", "is missing"},
        Refusal{with(R"("mode":{"name":"contemplating","agent":8})"), invalid, "mode.agent",
                "did you mean"},
        Refusal{with(R"("mode":{"name":"contemplating","agents":0})"), invalid, "mode.agents",
                "between 2 and 32, not 0"},
        Refusal{with(R"("mode":{"name":"contemplating","agents":1000})"), invalid, "mode.agents",
                "between 2 and 32, not 1000"},
        Refusal{with(R"("mode":{"name":"contemplating","rounds":9})"), invalid, "mode.rounds", "8"},
        Refusal{with(R"("mode":{"name":"thinking","budget_tokens":3})"), invalid,
                "mode.budget_tokens", "between 16"},
        Refusal{with(R"("mode":"thinking","reasoning_effort":"none")"), invalid, "reasoning_effort",
                "contradicts the mode thinking"},
        Refusal{with(R"("mode":"instant","reasoning_effort":"low")"), invalid, "reasoning_effort",
                "contradicts"},
        Refusal{R"({"model":"m:thinking","mode":"instant",
                    "messages":[{"role":"user","content":"hello"}]})",
                invalid, "mode", "contradicts the model's suffix"},
        Refusal{with(R"("service_tier":"priority")"), unsupported, "service_tier", "priority"},
        Refusal{with(R"("chat_template_kwargs":{"messages":[]})"), invalid,
                "chat_template_kwargs.messages", "field of its own"},
        Refusal{with(R"("tools":[{"type":"code"}])"), unsupported, "tools[0].type", "function"},
        Refusal{with(R"("tools":[{"type":"function"}])"), invalid, "tools[0].function", "missing"},
        Refusal{with(R"("tools":[{"type":"function","function":{"name":1}}])"), invalid,
                "tools[0].function.name", "must be a string"},
        Refusal{with(R"("tools":[{"type":"function","function":{"name":"f","strict":true}}])"),
                unsupported, "tools[0].function.strict", "schema"}));

INSTANTIATE_TEST_SUITE_P(
    Messages, Refused,
    testing::Values(
        Refusal{with_messages("{}"), invalid, "messages", "must be an array"},
        Refusal{with_messages("[]"), invalid, "messages", "at least one"},
        Refusal{with_messages(R"(["hello"])"), invalid, "messages[0]", "must be an object"},
        Refusal{with_messages(R"([{"content":"x"}])"), invalid, "messages[0].role", "missing"},
        Refusal{with_messages(R"([{"role":"king\n","content":"x"}])"), invalid, "messages[0].role",
                "must be one of system, developer, user, assistant, tool"},
        Refusal{with_messages(R"([{"role":"user"}])"), invalid, "messages[0].content", "missing"},
        Refusal{with_messages(R"([{"role":"user","content":5}])"), invalid, "messages[0].content",
                "a string or an array of parts, not an integer"},
        Refusal{with_messages(R"([{"role":"user","content":["x"]}])"), invalid,
                "messages[0].content[0]", "must be an object"},
        Refusal{with_messages(R"([{"role":"user","content":[{"type":"text"}]}])"), invalid,
                "messages[0].content[0].text", "missing"},
        Refusal{
            with_messages(
                R"([{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"},
                       {"type":"image_url","image_url":{"url":"ftp://example.org/a.png"}}]}])"),
            invalid, "messages[1].content[1].image_url.url", "an http or https address"},
        Refusal{
            with_messages(
                R"([{"role":"user","content":[{"type":"file","file":{"file_data":"http://x.org/a"}}]}])"),
            invalid, "messages[0].content[0].file.file_data", "must be a data: URL"},
        Refusal{with_messages(R"([{"role":"user","content":[{"type":"input_audio"}]}])"), invalid,
                "messages[0].content[0].input_audio", "missing"},
        Refusal{
            with_messages(R"([{"role":"user","content":[{"type":"video_url","video_url":{}}]}])"),
            invalid, "messages[0].content[0].video_url.url", "missing"},
        Refusal{
            with_messages(
                R"([{"role":"user","content":[{"type":"image_url","image_url":"data:,AA=="}]}])"),
            invalid, "messages[0].content[0].image_url.url", "in base64"},
        Refusal{
            with_messages(
                R"([{"role":"user","content":[{"type":"image_url","image_url":"data:;base64,A=="}]}])"),
            invalid, "messages[0].content[0].image_url.url", "not valid base64"},
        Refusal{
            with_messages(
                R"([{"role":"user","content":[{"type":"image_url","image_url":"data:;base64,"}]}])"),
            invalid, "messages[0].content[0].image_url.url", "is empty"},
        Refusal{
            with_messages(
                R"([{"role":"user","content":[{"type":"file","file":{"file_data":"data:text/csv;base64,AA=="}}]}])"),
            unsupported, "messages[0].content[0].file.file_data", "\"text/csv\""},
        Refusal{
            with_messages(
                R"([{"role":"system","content":[{"type":"image_url","image_url":"data:;base64,AA=="}]}])"),
            unsupported, "messages[0].content[0]", "has text only"},
        Refusal{with_messages(R"([{"role":"user","content":[{"type":"smell"}]}])"), invalid,
                "messages[0].content[0].type", "\"smell\""},
        Refusal{with_messages(R"([{"role":"tool","content":"x"}])"), invalid,
                "messages[0].tool_call_id", "missing"},
        Refusal{with_messages(R"([{"role":"assistant","tool_calls":[]}])"), invalid,
                "messages[0].content", "missing"},
        Refusal{
            with_messages(
                R"([{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{x"}}]}])"),
            invalid, "messages[0].tool_calls[0].function.arguments", "not valid JSON"},
        Refusal{
            with_messages(
                R"([{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"[]"}}]}])"),
            invalid, "messages[0].tool_calls[0].function.arguments", "must hold a JSON object"},
        Refusal{with_messages(R"([{"role":"assistant","content":"x","audio":{"id":"a"}}])"),
                unsupported, "messages[0].audio", "not supported"}));

}  // namespace
}  // namespace helicon::http
