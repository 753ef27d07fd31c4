// Replies as Muse writes them, well formed, odd and broken (tests/golden/muse_replies.jsonl: first
// the tools that were offered, then a reply a line with what is in it). Each must be the same whole
// and in every two pieces, in pieces of every length up to 16, and a byte at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "text/reply_parser.h"

namespace helicon::text {
namespace {

namespace json = boost::json;

struct Corpus {
  json::array tools;
  std::vector<json::object> replies;
};

Corpus read_corpus() {
  Corpus corpus;
  std::ifstream file("tests/golden/muse_replies.jsonl");
  std::string line;
  std::getline(file, line);
  corpus.tools = json::parse(line).at("tools").as_array();
  while (std::getline(file, line)) corpus.replies.push_back(json::parse(line).as_object());
  return corpus;
}

// What a parser makes of the pieces, in the words of the corpus.
json::object parse(const json::array& tools, const std::vector<std::string_view>& pieces,
                   bool cut) {
  const auto parser = make_reply_parser({.messages = true}, "", tools);
  std::string reasoning, text;
  json::array calls;
  const auto take = [&](const ReplyPieces& found) {
    reasoning += found.reasoning;
    text += found.text;
    for (const chat::ToolCall& call : found.calls)
      calls.push_back({{"name", call.name}, {"arguments", call.arguments}});
  };
  for (const std::string_view piece : pieces) take(parser->push(piece));
  take(parser->finish(cut));
  return {{"reasoning", reasoning}, {"text", text}, {"calls", calls}};
}

std::vector<std::string_view> in_pieces(std::string_view said, size_t length) {
  std::vector<std::string_view> pieces;
  for (size_t at = 0; at < said.size(); at += length) pieces.push_back(said.substr(at, length));
  return pieces;
}

TEST(MuseReplies, AreWhatTheyAreInAnyPieces) {
  const Corpus corpus = read_corpus();
  ASSERT_GE(corpus.replies.size(), 60u);
  for (const json::object& reply : corpus.replies) {
    const std::string said(reply.at("said").as_string());
    const bool cut = reply.at("cut").as_bool();
    json::object expected = reply;
    for (const char* key : {"name", "said", "cut"}) expected.erase(key);
    const auto check = [&](const std::vector<std::string_view>& pieces) {
      const json::object found = parse(corpus.tools, pieces, cut);
      ASSERT_EQ(found, expected) << reply.at("name").as_string() << " in " << pieces.size()
                                 << " pieces: " << json::serialize(found);
    };
    ASSERT_NO_FATAL_FAILURE(check({said}));
    for (size_t at = 1; at < said.size(); ++at)
      ASSERT_NO_FATAL_FAILURE(
          check({std::string_view(said).substr(0, at), std::string_view(said).substr(at)}));
    for (size_t length = 1; length <= 16; ++length)
      ASSERT_NO_FATAL_FAILURE(check(in_pieces(said, length)));
  }
}

// No marker of the format is shown to anybody.
TEST(MuseReplies, LeakNoMarker) {
  const Corpus corpus = read_corpus();
  for (const json::object& reply : corpus.replies) {
    const json::object found =
        parse(corpus.tools, {reply.at("said").as_string()}, reply.at("cut").as_bool());
    for (const char* marker : {"<|start|>", "<|message|>", "<|eom|>", "<|eot|>", "<|end_of_text|>"})
      for (const char* part : {"text", "reasoning"})
        EXPECT_EQ(std::string_view(found.at(part).as_string()).find(marker), std::string_view::npos)
            << reply.at("name").as_string();
  }
}

}  // namespace
}  // namespace helicon::text
