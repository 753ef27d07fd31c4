#include "http/error.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "http/utf8.h"

namespace helicon::http {
namespace {

TEST(ErrorBody, IsTheEnvelopeOfTheProtocol) {
  const std::string body =
      error_body({ErrorCode::context_length, "the prompt has 9 tokens, the model takes 8", ""});
  EXPECT_EQ(boost::json::parse(body), boost::json::parse(R"({"error":{
    "message":"the prompt has 9 tokens, the model takes 8",
    "type":"invalid_request_error","param":null,"code":"context_length_exceeded"}})"));
  const std::string named = error_body({ErrorCode::invalid_argument, "n: is wrong", "n"});
  EXPECT_EQ(boost::json::parse(named).at_pointer("/error/param"), "n");
}

TEST(ErrorBody, IsValidJsonWhateverTheMessageHolds) {
  const std::string body = error_body({ErrorCode::internal, "a\xff\n\"", "\xed\xa0\x80"});
  EXPECT_EQ(boost::json::parse(body).at_pointer("/error/message"), "a\xEF\xBF\xBD\n\"");
}

TEST(ErrorStatus, ClientsAreToldWhatTheyMayTryAgain) {
  EXPECT_EQ(error_status(ErrorCode::invalid_argument).status, 400);
  EXPECT_EQ(error_status(ErrorCode::not_found).status, 404);
  EXPECT_EQ(error_status(ErrorCode::too_large).status, 413);
  EXPECT_EQ(error_status(ErrorCode::overloaded).status, 503);
  EXPECT_EQ(error_status(ErrorCode::internal).status, 500);
}

// The examples of Unicode 15, tables 3-8 to 3-11.
TEST(ValidUtf8, ReplacesMaximalSubparts) {
  constexpr std::string_view r = "\xEF\xBF\xBD";
  const auto replaced = [&](int times, std::string_view rest = "") {
    std::string text;
    for (int i = 0; i < times; ++i) text += r;
    return text += rest;
  };
  EXPECT_EQ(valid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), replaced(8, "A"));
  EXPECT_EQ(valid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), replaced(8, "A"));
  EXPECT_EQ(valid_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
            replaced(5, "A") + replaced(2, "B"));
  EXPECT_EQ(valid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), replaced(4, "A"));
  EXPECT_EQ(valid_utf8("aé€😀\x7f"), "aé€😀\x7f");
  EXPECT_EQ(valid_utf8("\xF0\x9F\x98"), replaced(1));
}

TEST(Quotable, IsOneShortLineWithoutControls) {
  EXPECT_EQ(quotable("a\nb\x1b[2J\xC2\x85"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD[2J\xEF\xBF\xBD");
  EXPECT_EQ(quotable("\xC2"), "\xEF\xBF\xBD");
  EXPECT_EQ(quotable("ééééé", 5), "ééé…");
}

}  // namespace
}  // namespace helicon::http
