#include "chat/message.h"

#include <gtest/gtest.h>

namespace helicon::chat {
namespace {

std::string rendered(const Message& message) {
  return boost::json::serialize(to_template_json(message));
}

TEST(Message, APlainTurnHasNothingButRoleAndContent) {
  Message message;
  message.role = "user";
  message.content = "Hi \"there\"";
  EXPECT_EQ(rendered(message), R"({"role":"user","content":"Hi \"there\""})");
}

TEST(Message, ContentIsThereEvenWhenEmpty) {
  // Templates read message.content, and few expect it to be missing.
  Message message;
  message.role = "assistant";
  EXPECT_EQ(rendered(message), R"({"role":"assistant","content":""})");
}

TEST(Message, ToolCallsAreNestedAsOpenAiDoesWithArgumentsAsAnObject) {
  Message message;
  message.role = "assistant";
  message.reasoning = "I need the tool.";
  message.tool_calls = {{"call1", "weather", {{"city", "Bern"}}}, {"", "now", {}}};
  EXPECT_EQ(
      rendered(message),
      R"({"role":"assistant","content":"","reasoning_content":"I need the tool.","tool_calls":[)"
      R"({"id":"call1","type":"function","function":{"name":"weather","arguments":{"city":"Bern"}}},)"
      R"({"type":"function","function":{"name":"now","arguments":{}}}]})");
}

TEST(Message, MediaStandAmongTheTextAsParts) {
  Message message;
  message.role = "user";
  message.content = "one two";
  for (const auto& [kind, at] :
       {std::pair(MediumKind::sound, 0), std::pair(MediumKind::picture, 3),
        std::pair(MediumKind::picture, 3), std::pair(MediumKind::film, 7)}) {
    Medium& medium = message.media.emplace_back();
    medium.kind = kind;
    medium.at = static_cast<size_t>(at);
  }
  EXPECT_EQ(
      rendered(message),
      R"({"role":"user","content":[{"type":"audio"},{"type":"text","text":"one"},)"
      R"({"type":"image"},{"type":"image"},{"type":"text","text":" two"},{"type":"video"}]})");
}

TEST(Message, TheAnswerOfAToolNamesTheCall) {
  Message message;
  message.role = "tool";
  message.content = "rain";
  message.tool_call_id = "call1";
  message.name = "weather";
  EXPECT_EQ(rendered(message),
            R"({"role":"tool","content":"rain","tool_call_id":"call1","name":"weather"})");
}

}  // namespace
}  // namespace helicon::chat
