#include "http/json_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace helicon::http {
namespace {

std::string message_of(std::string_view text, const JsonLimits& limits = {}) {
  auto parsed = parse_json(text, limits);
  return parsed.ok() ? "parsed" : parsed.error().message;
}

TEST(ParseJson, ReadsWhatBoostJsonReads) {
  constexpr std::string_view text =
      R"({"a":[1,-2,3.5,1e3,18446744073709551615],"b":{"c":null,"d":true},"é":"\u00e9\ud83d\ude00"})";
  auto parsed = parse_json(text);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(*parsed, boost::json::parse(text));
}

TEST(ParseJson, LongKeysAndStringsAreWhole) {
  const std::string key(100'000, 'k');
  const std::string text(100'000, 's');
  auto parsed = parse_json("{\"" + key + "\":\"" + text + "\\n\"}");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->as_object().at(key).as_string(), text + "\n");
}

TEST(ParseJson, KeepsANulThatIsWrittenAsAnEscape) {
  auto parsed = parse_json(R"({"a":"x\u0000y"})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->as_object().at("a").as_string().size(), 3u);
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  using std::string_literals::operator""s;
  const std::string refused[] = {
      "",
      " ",
      "{",
      R"({"a")",
      R"({"a":1,})",
      R"({"a":01})",
      R"({"a":NaN})",
      R"({"a":'b'})",
      R"({"a":1} x)",
      R"({"a":1}{"b":2})",
      "{\"a\":\"\x01\"}",
      "{\"a\":\"\0\"}"s,
      "{\"a\":1}\0"s,
      R"("\ud800")",
      R"("\udc00\ud800")",
      "\"\xff\"",
      "\"\xc0\x80\"",
      "\"\xed\xa0\x80\"",
      "\"\xf4\x90\x80\x80\"",
      "\xef\xbb\xbf{}",
  };
  for (const std::string& text : refused) {
    auto parsed = parse_json(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument) << text;
    EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos);
  }
}

TEST(ParseJson, RefusesAKeyThatAppearsTwice) {
  EXPECT_EQ(message_of(R"({"a":1,"b":2,"a":3})"), R"(the key "a" appears twice in one object)");
  EXPECT_EQ(message_of(R"([{"x":{"b":2,"\u0062":3}}])"),
            R"(the key "b" appears twice in one object)");
  EXPECT_EQ(message_of(R"({"a":{"a":{"a":1}},"b":{"a":1}})"), "parsed");
}

TEST(ParseJson, RefusesWhatIsNestedTooDeep) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  const JsonLimits limits{.depth = 10};
  EXPECT_EQ(message_of(nested(10), limits), "parsed");
  EXPECT_EQ(message_of(nested(11), limits), "the JSON is nested deeper than 10 levels");
  EXPECT_EQ(message_of(std::string(1'000'000, '[')), "the JSON is nested deeper than 64 levels");
}

TEST(ParseJson, RefusesWhatGrowsPastItsMemory) {
  std::string text = "[";
  for (int i = 0; i < 100'000; ++i) text += "[],";
  text += "[]]";
  EXPECT_EQ(message_of(text), "parsed");
  auto parsed = parse_json(text, {.memory_bytes = 1 << 20});
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, ErrorCode::too_large);
}

TEST(ReadFields, SayWhatAValueMustBeAndWhatItIs) {
  const auto why = [](const auto& result) {
    return result.ok() ? "ok" : result.error().message + " <" + result.error().parameter + ">";
  };
  using boost::json::value;
  EXPECT_EQ(why(read_string(value(1), "f")), "f: must be a string, not an integer <f>");
  EXPECT_EQ(why(read_bool(value("true"), "f")), "f: must be a boolean, not a string <f>");
  EXPECT_EQ(why(read_object(value(nullptr), "f")), "f: must be an object, not null <f>");
  EXPECT_EQ(why(read_array(value(boost::json::object()), "f")),
            "f: must be an array, not an object <f>");
  EXPECT_EQ(
      why(read_integer(value(1.5), "f", 0, 9)),
      "f: must be an integer, not a number with a fraction, an exponent or more than 64 bits <f>");
  EXPECT_EQ(why(read_integer(value(10), "f", 0, 9)), "f: must be between 0 and 9, not 10 <f>");
  EXPECT_EQ(why(read_integer(value(uint64_t{1} << 63), "f", 0, INT64_MAX)),
            "f: must be at least 0, not 9223372036854775808 <f>");
  EXPECT_EQ(why(read_number(value(true), "f", 0, 1)), "f: must be a number, not a boolean <f>");
  EXPECT_EQ(why(read_number(value(-0.5), "f", 0, 1)), "f: must be between 0 and 1, not -0.5 <f>");
  EXPECT_EQ(why(read_number(value(0), "f", 0, 1, true)),
            "f: must be above 0 and at most 1, not 0 <f>");
  EXPECT_EQ(why(read_number(parse_json("1e999").value(), "f", 0, 1)),
            "f: must be between 0 and 1, not inf <f>");
  EXPECT_EQ(why(read_number(value(1), "f", 0, 1)), "ok");
}

TEST(ParseJson, WhatIsNotUtf8IsCalledThat) {
  const auto message = [](std::string_view text) { return parse_json(text, {}).error().message; };
  EXPECT_EQ(message("{\"a\": \"x\xff\"}"), "not valid UTF-8 at byte 8");
  EXPECT_EQ(message("\"\xe4\xbd\xa0\xe4\xbd\""), "not valid UTF-8 at byte 4");
  EXPECT_NE(message("\"\xe4\xbd\xa0").find("not valid JSON"), std::string::npos);
}

}  // namespace
}  // namespace helicon::http
