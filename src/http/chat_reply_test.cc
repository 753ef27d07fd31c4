#include "http/chat_reply.h"

#include <gtest/gtest.h>

#include <limits>

namespace helicon::http {
namespace {

// Token 0 is half of an "é", token 1 the rest of it.
ChatReplyHead head() {
  ChatReplyHead head;
  head.id = "chatcmpl-1";
  head.model = "m";
  head.logprobs = true;
  head.token_bytes = [](runtime::TokenId token) { return token == 0 ? "\xC3" : "\xA9"; };
  return head;
}

runtime::Event token(runtime::TokenId id, std::string text, float logprob) {
  runtime::Event event;
  event.token = id;
  event.text = std::move(text);
  event.logprob = runtime::TokenLogprob{id, logprob};
  return event;
}

TEST(ChatReply, HalfACharacterIsBytesUntilItIsWhole) {
  ChatReplyCollector collector(head());
  collector.add(token(0, "", -1.5f));
  collector.add(token(1, "é", -0.5f));
  const boost::json::value reply = boost::json::parse(collector.body({}));
  EXPECT_EQ(reply.at_pointer("/choices/0/message/content"), "é");
  const auto& content = reply.at_pointer("/choices/0/logprobs/content").as_array();
  EXPECT_EQ(content.at(0).at("token"), "\xEF\xBF\xBD");
  EXPECT_EQ(content.at(0).at("bytes"), boost::json::parse("[195]"));
  EXPECT_EQ(content.at(1).at("bytes"), boost::json::parse("[169]"));
}

TEST(ChatReply, TheImpossibleHasAFiniteLogprob) {
  const std::string event =
      ChatStreamWriter(head()).event(token(0, "", -std::numeric_limits<float>::infinity()));
  const boost::json::value chunk = boost::json::parse(event.substr(6));
  EXPECT_EQ(chunk.at_pointer("/choices/0/logprobs/content/0/logprob"), -9999.0);
}

TEST(ChatReply, TextHeldBackIsNoEventWithoutLogprobs) {
  ChatReplyHead plain = head();
  plain.logprobs = false;
  EXPECT_EQ(ChatStreamWriter(plain).event(token(0, "", -1)), "");
}

TEST(ChatReply, TheTokenThatEndsAnAnswerIsNoPartOfIt) {
  runtime::Event end = token(0, "", -1);
  end.finish = runtime::FinishReason::stop;
  const std::string event = ChatStreamWriter(head()).event(end);
  EXPECT_TRUE(boost::json::parse(event.substr(6)).at_pointer("/choices/0/logprobs").is_null());
  ChatReplyCollector collector(head());
  collector.add(token(0, "a", -1));
  collector.add(end);
  const boost::json::value reply = boost::json::parse(collector.body({}));
  EXPECT_EQ(reply.at_pointer("/choices/0/logprobs/content").as_array().size(), 1u);
}

runtime::Event call(std::string name, boost::json::object arguments) {
  runtime::Event event;
  chat::ToolCall& one = event.calls.emplace_back();
  one.name = std::move(name);
  one.arguments = std::move(arguments);
  return event;
}

TEST(ChatReply, CallsAreToldAsTheProtocolHasThem) {
  runtime::Event end;
  end.finish = runtime::FinishReason::stop;
  ChatReplyCollector collector(head());
  ChatStreamWriter writer(head());
  std::string stream;
  for (const runtime::Event& event : {call("f", {{"a", "\""}}), call("g", {}), end}) {
    collector.add(event);
    stream += writer.event(event);
  }
  const boost::json::value reply = boost::json::parse(collector.body({}));
  EXPECT_TRUE(reply.at_pointer("/choices/0/message/content").is_null());
  EXPECT_EQ(reply.at_pointer("/choices/0/finish_reason"), "tool_calls");
  const auto& calls = reply.at_pointer("/choices/0/message/tool_calls").as_array();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].at_pointer("/function/arguments"), R"({"a":"\""})");
  EXPECT_EQ(calls[1].at_pointer("/function/name"), "g");
  EXPECT_NE(calls[0].at("id"), calls[1].at("id"));
  EXPECT_NE(stream.find(R"("tool_calls":[{"index":1,"id":"call_)"), std::string::npos) << stream;
  EXPECT_NE(stream.find(R"("finish_reason":"tool_calls")"), std::string::npos) << stream;
}

}  // namespace
}  // namespace helicon::http
