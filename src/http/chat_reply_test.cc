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

}  // namespace
}  // namespace helicon::http
