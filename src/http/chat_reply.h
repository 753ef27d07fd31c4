// What a chat completion answers: the events of a run as OpenAI's JSON, whole or in chunks.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/request.h"

namespace helicon::http {

struct ChatReplyHead {
  std::string id;       // "chatcmpl-..."
  int64_t created = 0;  // seconds since 1970
  std::string model;
  int choices = 1;
  bool logprobs = false;
  bool include_usage = false;  // of streams: one more chunk at the end
  std::function<std::string(runtime::TokenId)> token_bytes;
};

// "chatcmpl-" and 24 random hexadecimal digits.
std::string new_completion_id();

// {"prompt_tokens":...,"completion_tokens":...,"total_tokens":...,"prompt_tokens_details":...}
boost::json::object usage_json(const runtime::Usage& usage);

// A stream's server-sent events, each "data: {...}\n\n".
class ChatStreamWriter {
 public:
  explicit ChatStreamWriter(ChatReplyHead head)
      : head_(std::move(head)), calls_(static_cast<size_t>(head_.choices)) {}
  std::string begin() const;                           // the role, for each choice
  std::string event(const runtime::Event& event);      // may be empty
  std::string end(const runtime::Usage& usage) const;  // the usage if wanted, and [DONE]

 private:
  boost::json::object chunk() const;
  std::string data(boost::json::object delta, int choice, boost::json::value logprobs,
                   boost::json::value finish_reason) const;
  ChatReplyHead head_;
  std::vector<size_t> calls_;  // of tools, by each choice so far
};

// The one object of an answer that is not streamed.
class ChatReplyCollector {
 public:
  explicit ChatReplyCollector(ChatReplyHead head);
  void add(const runtime::Event& event);
  std::string body(const runtime::Usage& usage) const;

 private:
  struct Choice {
    std::string text;
    std::string reasoning;
    boost::json::array calls;
    boost::json::array logprobs;
    boost::json::value finish_reason;
  };
  ChatReplyHead head_;
  std::vector<Choice> choices_;
  boost::json::object outcome_;  // of several agents: how far they agreed
};

}  // namespace helicon::http
