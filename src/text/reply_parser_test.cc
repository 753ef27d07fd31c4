#include "text/reply_parser.h"

#include <gtest/gtest.h>

#include <random>

namespace helicon::text {
namespace {

namespace json = boost::json;

const char* const tools_json = R"([
  {"type": "function", "function": {"name": "weather", "parameters": {"type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"},
                   "zip": {"type": ["string", "null"]}, "where": {"type": "object"},
                   "unit": {"enum": ["1", "C"]}, "near": {"anyOf": [{"type": "string"}]}}}}},
  {"type": "function", "function": {"name": "special_function", "parameters": {"type": "object",
    "properties": {"arg1": {"type": "integer"}}}}}])";

constexpr ReplyFormat kThinks{.thinks = true};
constexpr ReplyFormat kCalls{.calls = true};
constexpr ReplyFormat kBoth{.thinks = true, .calls = true};
constexpr ReplyFormat kMuse{.messages = true};

struct Case {
  const char* name;
  ReplyFormat format;
  std::string said;
  std::string reasoning;
  std::string text;
  std::string calls = {};  // name and arguments, a line each
  bool cut = false;
};

std::string lines_of(const std::vector<chat::ToolCall>& calls) {
  std::string lines;
  for (const chat::ToolCall& call : calls)
    lines += call.name + " " + json::serialize(call.arguments) + "\n";
  return lines;
}

void expect_same(const Case& wanted, const std::vector<size_t>& cuts) {
  const json::array tools = json::parse(tools_json).as_array();
  const auto parser = make_reply_parser(wanted.format, "", tools);
  ReplyPieces all;
  const auto take = [&](const ReplyPieces& pieces) {
    all.reasoning += pieces.reasoning;
    all.text += pieces.text;
    all.calls.insert(all.calls.end(), pieces.calls.begin(), pieces.calls.end());
  };
  size_t begin = 0;
  for (const size_t cut : cuts) {
    take(parser->push(std::string_view(wanted.said).substr(begin, cut - begin)));
    begin = cut;
  }
  take(parser->push(std::string_view(wanted.said).substr(begin)));
  take(parser->finish(wanted.cut));
  EXPECT_EQ(all.reasoning, wanted.reasoning);
  EXPECT_EQ(all.text, wanted.text);
  EXPECT_EQ(lines_of(all.calls), wanted.calls);
}

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class Replies : public testing::TestWithParam<Case> {};

TEST_P(Replies, AreTheSameInAnyPieces) {
  const size_t size = GetParam().said.size();
  for (size_t i = 0; i <= size; ++i) expect_same(GetParam(), {i});
  std::vector<size_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = i;
  expect_same(GetParam(), bytes);
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<size_t> cuts;
    for (size_t i = 0; i < size; i += 1 + random() % 12) cuts.push_back(i);
    expect_same(GetParam(), cuts);
  }
}

std::string called(const std::string& parameters, const std::string& name = "weather") {
  return "<atem:function_calls>\n<atem:invoke name=\"" + name + "\">\n" + parameters +
         "</atem:invoke>\n</atem:function_calls>";
}
std::string parameter(const std::string& name, const std::string& value) {
  return "<atem:parameter name=\"" + name + "\">" + value + "</atem:parameter>\n";
}

INSTANTIATE_TEST_SUITE_P(
    Tags, Replies,
    testing::Values(
        Case{"Call", kCalls,
             "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>", "", "",
             "f {\"a\":1}\n"},
        Case{"TextThenTwo", kCalls,
             "Let me see.\n\n<tool_call>{\"name\":\"f\"}</tool_call>\n"
             "<tool_call>{\"name\":\"g\",\"arguments\":\"{\\\"b\\\":[]}\"}</tool_call>\n",
             "", "Let me see.", "f {}\ng {\"b\":[]}\n"},
        Case{"TextBehind", kCalls, "<tool_call>{\"name\":\"f\"}</tool_call>\n Done. ", "", "Done. ",
             "f {}\n"},
        Case{"WithoutItsEnd", kCalls, "<tool_call>{\"name\":\"f\",\"parameters\":{\"a\":\"</x\"}}",
             "", "", "f {\"a\":\"</x\"}\n"},
        Case{"CutOff", kCalls, "So <tool_call>{\"name\":\"f\",\"argum", "",
             "So <tool_call>{\"name\":\"f\",\"argum", "", true},
        Case{"NoCall", kCalls, "A <tool_call>f(1)</tool_call> is no call.", "",
             "A <tool_call>f(1)</tool_call> is no call."},
        Case{"NoCallBehindOne", kCalls,
             "<tool_call>{\"name\":\"f\"}</tool_call> <tool_call>g</tool_call> x", "",
             "<tool_call>g</tool_call> x", "f {}\n"},
        Case{"NoObject", kCalls, "<tool_call>{\"name\":\"f\",\"arguments\":[1]}</tool_call>", "",
             "<tool_call>{\"name\":\"f\",\"arguments\":[1]}</tool_call>"},
        Case{"Block", kCalls,
             "Here:\n```json\n{\n  \"name\": \"weather\", \"arguments\": {\"days\": 3}\n}\n```\n",
             "", "Here:", "weather {\"days\":3}\n"},
        Case{"BlockOfNoTool", kCalls, "As:\n```json\n{\"name\": \"Ann\"}\n``` ok", "",
             "As:\n```json\n{\"name\": \"Ann\"}\n``` ok"},
        Case{"BlockCutOff", kCalls, "```json\n{\"name\": \"wea", "", "```json\n{\"name\": \"wea",
             "", true},
        Case{"Alone", kCalls, "\n{\"name\": \"weather\", \"arguments\": {}} ", "", "",
             "weather {}\n"},
        Case{"AloneOfNoTool", kCalls, " {\"name\": \"Ann\"} ", "", " {\"name\": \"Ann\"} "},
        Case{"NotAlone", kCalls, "So {\"name\": \"weather\"}", "", "So {\"name\": \"weather\"}"},
        Case{"Code", kCalls, "```python\nx\n``` and ``y``", "", "```python\nx\n``` and ``y``"},
        Case{"Less", kCalls, "1 < 2 <tool> \n x ", "", "1 < 2 <tool> \n x "},
        Case{"Blanks", kCalls, " \n ", "", " \n "},
        Case{"Thought", kBoth,
             "<think>\n<tool_call> is how\n</think>\n\n<tool_call>{\"name\":\"f\"}</tool_call>",
             "\n<tool_call> is how\n", "", "f {}\n"},
        Case{"ThoughtOnly", kThinks, "<think>a</think>b<tool_call>", "a", "b<tool_call>"}),
    name_of);

// The first seven are those of llama.cpp's tests/test-chat.cpp for muse-glimmer.jinja.
const std::string special = called(parameter("arg1", "1"), "special_function");
const std::string special_call = "special_function {\"arg1\":1}\n";
INSTANTIATE_TEST_SUITE_P(
    Messages, Replies,
    testing::Values(
        Case{"Answer", kMuse, " to=user<|message|>Hello, world!\nWhat's up?<|eot|>", "",
             "Hello, world!\nWhat's up?"},
        Case{"Call", kMuse, " to=special_function<|message|>" + special, "", "", special_call},
        Case{"InformThenAct", kMuse,
             " to=user<|message|>Hello!<|eom|><|start|>assistant to=special_function<|message|>" +
                 special,
             "", "Hello!", special_call},
        Case{"Quoted", kMuse, " to=user<|message|>You invoke it like this:\n" + special + "<|eot|>",
             "", "You invoke it like this:\n" + special},
        Case{"Json", kMuse, " to=user<|message|>{\"amount\": 123.45}", "", "{\"amount\": 123.45}"},
        Case{"ThoughtThenJson", kMuse,
             " to=self<|message|>In JSON<|eom|><|start|>assistant to=user<|message|>{\"a\": 1}",
             "In JSON", "{\"a\": 1}"},
        Case{"ThoughtOfACall", kMuse,
             " to=self<|message|>I could use " + special +
                 " here<|eom|><|start|>assistant to=user<|message|>Hello!<|eot|>",
             "I could use " + special + " here", "Hello!"},
        Case{"Types", kMuse,
             " to=weather<|message|>" +
                 called(parameter("city", " 007 ") + parameter("days", "3") +
                        parameter("zip", "01234") + parameter("where", "{\"x\": [1, null]}") +
                        parameter("unit", "1") + parameter("near", "5") + parameter("new", "true") +
                        parameter("other", "<b>\"x\"</b>\n")) +
                 "<|eot|>",
             "", "",
             "weather {\"city\":\" 007 \",\"days\":3,\"zip\":\"01234\",\"where\":{\"x\":[1,null]},"
             "\"unit\":\"1\",\"near\":\"5\",\"new\":true,\"other\":\"<b>\\\"x\\\"</b>\\n\"}\n"},
        Case{"SeveralInOne", kMuse,
             " to=weather<|message|>I look.\n<atem:function_calls><atem:invoke name=\"a\">"
             "</atem:invoke><atem:invoke name=\"b\">" +
                 parameter("p", "x </atem:invoke> y") +
                 "</atem:invoke></atem:function_calls><|eot|>",
             "", "I look.", "a {}\nb {\"p\":\"x </atem:invoke> y\"}\n"},
        Case{"SeveralMessages", kMuse,
             " to=weather<|message|>" + called("") + "<|eom|><|start|>assistant to=a<|message|>" +
                 called("", "a") + "<|eot|>",
             "", "", "weather {}\na {}\n"},
        Case{"WithoutItsEnd", kMuse,
             " to=weather<|message|><atem:invoke name=\"weather\">" + parameter("days", "x"), "",
             "", "weather {\"days\":\"x\"}\n"},
        Case{"CutOff", kMuse,
             " to=weather<|message|>I look. <atem:function_calls><atem:invoke name=\"weather\">" +
                 parameter("days", "1") + "<atem:parameter name=\"ci",
             "", "I look.", "", true},
        Case{"CutAtTheMarker", kMuse, " to=weather<|message|>I look. <atem:funct", "", "I look.",
             "", true},
        Case{"Commentary", kMuse,
             " to=commentary<|message|>First.<|eom|><|start|>assistant to=user<|message|>Then.", "",
             "First.\n\nThen."},
        Case{"NoHeader", kMuse, "Hello <|eot|>", "", "Hello "},
        Case{"NoHeaderShort", kMuse, "to", "", "to"},
        Case{"HeaderAlone", kMuse, "<|start|>assistant to=user<|eot|>", "", ""},
        Case{"StrayMarkers", kMuse,
             " to=user<|message|>a<|message|>b<|eot|><|start|>assistant<|message|>c<|end_of_text|>",
             "", "ab\n\nc"},
        Case{"AlmostMarkers", kMuse, " to=user<|message|>1 <| 2 <|eo| <|message| x<|", "",
             "1 <| 2 <|eo| <|message| x<|"}),
    name_of);

TEST(ReplyFormat, IsToldFromTheTemplate) {
  EXPECT_TRUE(ReplyFormat::of("{{ '</think>' }}").thinks);
  EXPECT_TRUE(ReplyFormat::of("within <tool_call></tool_call> XML tags").calls);
  const ReplyFormat muse = ReplyFormat::of("<|start|>assistant to=self<|message|></think>");
  EXPECT_TRUE(muse.messages && muse.reasons() && !muse.thinks);
  EXPECT_FALSE(ReplyFormat::of("<|im_start|>").reasons());
  EXPECT_EQ(make_reply_parser(kCalls, "", {}), nullptr);  // an example in a text is no call
}

}  // namespace
}  // namespace helicon::text
