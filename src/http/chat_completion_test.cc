// Chat completions through real sockets: what is answered, and when it stops.
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "http/server_fixture.h"

namespace helicon::http {
namespace {

using ChatCompletionTest = ServerTest;

TEST_F(ChatCompletionTest, AnswersAsAWhole) {
  models_["echo"] = std::make_shared<backends::FakeModel>(
      backends::FakeModelOptions{.name = "echo", .cached_tokens = 2});
  start();
  const Response response = Client(port_).post(chat_path, chat("echo", "", "grüße \\\"du\\\" 😀"));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.header("content-type"), "application/json");
  boost::json::value reply = response.json();
  EXPECT_TRUE(reply.at("id").as_string().starts_with("chatcmpl-"));
  EXPECT_GT(reply.at("created").as_int64(), 1'600'000'000);
  reply.as_object()["id"] = "x";
  reply.as_object()["created"] = 0;
  EXPECT_EQ(reply, boost::json::parse(R"({
    "id":"x","object":"chat.completion","created":0,"model":"echo",
    "choices":[{"index":0,"message":{"role":"assistant","content":"grüße \"du\" 😀","refusal":null},
                "logprobs":null,"finish_reason":"stop"}],
    "usage":{"prompt_tokens":3,"completion_tokens":3,"total_tokens":6,
             "prompt_tokens_details":{"cached_tokens":2},
             "completion_tokens_details":{"reasoning_tokens":0}}})"));
}

TEST_F(ChatCompletionTest, AnswersAsAStream) {
  start();
  const Response response = Client(port_).post(
      chat_path, chat("echo", R"("stream":true,"stream_options":{"include_usage":true})"));
  ASSERT_EQ(response.status, 200);
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.header("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(response.header("cache-control"), "no-store");
  const std::vector<std::string> events = response.events();
  ASSERT_EQ(events.size(), 7u) << response.body;  // role, three words, end, usage, [DONE]
  EXPECT_EQ(events.back(), "[DONE]");
  std::string text;
  std::set<std::string> ids;
  for (size_t i = 0; i + 1 < events.size(); ++i) {
    const boost::json::value event = boost::json::parse(events[i]);
    ids.insert(std::string(event.at("id").as_string()));
    EXPECT_EQ(event.at("object"), "chat.completion.chunk");
    EXPECT_EQ(event.at("usage").is_null(), i != 5);
    if (i == 5) {
      EXPECT_TRUE(event.at("choices").as_array().empty());
      EXPECT_EQ(event.at_pointer("/usage/total_tokens"), 6);
      continue;
    }
    const boost::json::value& choice = event.at_pointer("/choices/0");
    EXPECT_EQ(choice.at("delta").as_object().contains("role"), i == 0);
    EXPECT_EQ(choice.at("finish_reason").is_null(), i != 4);
    if (i < 4) text += choice.at_pointer("/delta/content").as_string();
  }
  EXPECT_EQ(text, "hello big world");
  EXPECT_EQ(ids.size(), 1u);
}

TEST_F(ChatCompletionTest, WithoutIncludeUsageThereIsNone) {
  start();
  const Response response = Client(port_).post(chat_path, chat("echo", R"("stream":true)"));
  EXPECT_EQ(response.body.find("usage"), std::string::npos);
  EXPECT_EQ(response.events().back(), "[DONE]");
}

TEST_F(ChatCompletionTest, SeveralChoicesAndTheTokenLimit) {
  start();
  Client client(port_);
  const Response whole = client.post(chat_path, chat("echo", R"("n":3,"max_tokens":2)"));
  const boost::json::value reply = whole.json();
  ASSERT_EQ(reply.at("choices").as_array().size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const boost::json::value& choice = reply.at("choices").at(i);
    EXPECT_EQ(choice.at("index"), i);
    EXPECT_EQ(choice.at_pointer("/message/content"), "hello big ");
    EXPECT_EQ(choice.at("finish_reason"), "length");
  }
  EXPECT_EQ(reply.at_pointer("/usage/completion_tokens"), 6);
  const Response stream = client.post(chat_path, chat("echo", R"("n":2,"stream":true)"));
  std::map<int64_t, std::string> texts;
  for (const std::string& event : stream.events()) {
    if (event == "[DONE]") continue;
    const boost::json::value chunk = boost::json::parse(event);
    const boost::json::value& choice = chunk.at_pointer("/choices/0");
    if (const auto* content = choice.at("delta").as_object().if_contains("content")) {
      texts[choice.at("index").as_int64()] += content->as_string();
    }
  }
  EXPECT_EQ(texts,
            (std::map<int64_t, std::string>{{0, "hello big world"}, {1, "hello big world"}}));
}

TEST_F(ChatCompletionTest, LogprobsCarryTheBytes) {
  start();
  Client client(port_);
  const Response whole =
      client.post(chat_path, chat("echo", R"("logprobs":true,"top_logprobs":2)", "é x"));
  const boost::json::value reply = whole.json();
  const boost::json::value& content = reply.at_pointer("/choices/0/logprobs/content");
  ASSERT_EQ(content.as_array().size(), 2u);
  EXPECT_EQ(content.at(0), boost::json::parse(R"({"token":"é ","logprob":-0.25,"bytes":[195,169,32],
    "top_logprobs":[{"token":"é ","logprob":-0.25,"bytes":[195,169,32]},
                    {"token":"x","logprob":-0.5,"bytes":[120]}]})"));
  const Response stream =
      client.post(chat_path, chat("echo", R"("logprobs":true,"stream":true)", "é x"));
  const boost::json::value chunk = boost::json::parse(stream.events().at(1));
  EXPECT_EQ(chunk.at_pointer("/choices/0/logprobs/content/0/bytes/0"), 195);
  EXPECT_EQ(chunk.at_pointer("/choices/0/logprobs/content/0/top_logprobs"), boost::json::array());
}

TEST_F(ChatCompletionTest, TheModelIsAskedWhatTheClientAsked) {
  start();
  Client client(port_);
  client.post(chat_path, chat("echo", R"("seed":7,"temperature":0.5,"stop":["big"],"user":"ann")"));
  const auto asked = models_["echo"]->last_request();
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(asked->sampling.seed, 7u);
  EXPECT_EQ(asked->sampling.temperature, 0.5f);
  EXPECT_EQ(asked->stop, std::vector<std::string>{"big"});
  EXPECT_EQ(asked->owner, "127.0.0.1/ann");
  std::set<uint64_t> seeds;
  for (int i = 0; i < 3; ++i) {
    client.post(chat_path, chat("echo"));
    seeds.insert(models_["echo"]->last_request()->sampling.seed);
  }
  EXPECT_EQ(seeds.size(), 3u) << "without a seed, each request draws its own";
}

TEST_F(ChatCompletionTest, ErrorsOfTheModelBecomeStatuses) {
  const auto model = [&](const std::string& name, ErrorCode code) {
    add_model({.name = name, .refuse = Error{code, "no, because", "messages"}});
  };
  model("long", ErrorCode::context_length);
  model("full", ErrorCode::overloaded);
  model("template", ErrorCode::invalid_argument);
  add_model({.name = "breaks",
             .reply = "a b c",
             .fail = Error{ErrorCode::internal, "broke", {}},
             .fail_after = 2});
  start();
  Client client(port_);
  const auto ask = [&](const std::string& name) { return client.post(chat_path, chat(name)); };
  EXPECT_EQ(ask("long").error_code(), "context_length_exceeded");
  EXPECT_EQ(ask("long").status, 400);
  EXPECT_EQ(ask("full").status, 503);
  EXPECT_EQ(ask("full").header("retry-after"), "1");
  EXPECT_EQ(ask("template").status, 400);
  EXPECT_EQ(ask("nobody").status, 404);
  EXPECT_EQ(ask("nobody").json().at_pointer("/error/param"), "model");
  EXPECT_EQ(ask("breaks").status, 500);
  EXPECT_EQ(ask("breaks").json().at_pointer("/error/message"), "broke");
  EXPECT_EQ(ask("echo").status, 200) << "after all that the connection is as good as new";
}

TEST_F(ChatCompletionTest, AFailureInAStreamIsItsLastEvent) {
  add_model({.name = "breaks",
             .reply = "a b c",
             .fail = Error{ErrorCode::internal, "broke", {}},
             .fail_after = 2});
  start();
  const Response response = Client(port_).post(chat_path, chat("breaks", R"("stream":true)"));
  EXPECT_TRUE(response.complete);
  const std::vector<std::string> events = response.events();
  ASSERT_EQ(events.size(), 4u) << response.body;
  EXPECT_EQ(boost::json::parse(events.back()).at_pointer("/error/message"), "broke");
}

TEST_F(ChatCompletionTest, AClientThatHangsUpStopsItsStreamWithinOneToken) {
  add_model({.name = "steady", .reply = "x ", .token_delay = milliseconds(200), .endless = true});
  start();
  Client client(port_);
  client.send(Client::request("POST", chat_path, "", chat("steady", R"("stream":true)")));
  ASSERT_TRUE(client.read_until_contains("x "));
  const int seen = counters("steady").tokens;
  client.hang_up();
  EXPECT_TRUE(soon([&] { return counters("steady").running == 0; }, milliseconds(2000)));
  EXPECT_EQ(counters("steady").cancelled, 1);
  EXPECT_LE(counters("steady").tokens, seen + 1);
}

TEST_F(ChatCompletionTest, AClientThatHangsUpStopsAnAnswerThatIsNotStreamed) {
  start();
  for (const bool reset : {false, true}) {
    Client client(port_);
    client.send(Client::request("POST", chat_path, "", chat("slow")));
    ASSERT_TRUE(soon([&] { return counters("slow").running == 1; }));
    if (reset) client.reset();
    client.hang_up();
    EXPECT_TRUE(soon([&] { return counters("slow").running == 0; }, milliseconds(2000)));
  }
  EXPECT_EQ(counters("slow").cancelled, 2);
}

TEST_F(ChatCompletionTest, AHangUpIsSeenBehindAPipelinedRequest) {
  start();
  Client client(port_);
  client.send(Client::request("POST", chat_path, "", chat("slow")) +
              Client::request("POST", chat_path, "", chat("echo")));
  ASSERT_TRUE(soon([&] { return counters("slow").running == 1; }));
  client.hang_up();
  EXPECT_TRUE(soon([&] { return counters("slow").running == 0; }, milliseconds(2000)));
  EXPECT_EQ(counters("echo").started, 0);
}

TEST_F(ChatCompletionTest, AClientThatHangsUpWhileItsModelLoadsStartsNothing) {
  std::promise<void> go_on;
  on_load_ = [wait = go_on.get_future().share()] { wait.wait(); };
  start();
  Client client(port_);
  client.send(Client::request("POST", chat_path, "", chat("slow")));
  std::this_thread::sleep_for(milliseconds(50));
  client.hang_up();
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_TRUE(alive()) << "others are served while a model loads";
  go_on.set_value();
  stop();
  EXPECT_EQ(counters("slow").started, 0);
}

TEST_F(ChatCompletionTest, AReaderThatDoesNotReadIsStoppedAndTold) {
  add_model({.name = "flood", .reply = std::string(1000, 'x') + " ", .endless = true});
  options_.limits.queued_events = 64;
  start();
  Client client(port_, 4096);
  client.send(Client::request("POST", chat_path, "", chat("flood", R"("stream":true)")));
  ASSERT_TRUE(soon([&] { return counters("flood").started == 1; }));
  EXPECT_TRUE(soon([&] { return counters("flood").running == 0; }));
  EXPECT_EQ(counters("flood").cancelled, 1);
  // What was queued still arrives when it reads at last, and then the reason for the end.
  const Response response = client.read();
  EXPECT_TRUE(response.complete);
  EXPECT_NE(response.events().back().find("not read fast enough"), std::string::npos);
  EXPECT_EQ(response.body.find("[DONE]"), std::string::npos);
}

TEST_F(ChatCompletionTest, AReaderThatNeverReadsIsDropped) {
  add_model({.name = "flood", .reply = std::string(200'000, 'x') + " ", .endless = true});
  options_.limits.queued_events = 64;
  options_.timeouts.write = milliseconds(200);
  start();
  Client client(port_, 4096);
  client.send(Client::request("POST", chat_path, "", chat("flood", R"("stream":true)")));
  EXPECT_TRUE(soon([&] { return counters("flood").cancelled == 1; }));
  std::this_thread::sleep_for(milliseconds(400));
  EXPECT_FALSE(client.read().complete);
  EXPECT_TRUE(alive());
}

TEST_F(ChatCompletionTest, ASilentStreamHasHeartbeats) {
  add_model({.name = "thinker", .reply = "a b", .token_delay = milliseconds(300)});
  options_.timeouts.heartbeat = milliseconds(50);
  start();
  const Response response = Client(port_).post(chat_path, chat("thinker", R"("stream":true)"));
  EXPECT_NE(response.body.find("\n\n: "), std::string::npos);
  EXPECT_EQ(response.events().size(), 5u);
}

TEST_F(ChatCompletionTest, ManyClientsAtOnce) {
  start();
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(std::async(std::launch::async, [this, i] {
      Client client(port_);
      int right = 0;
      for (int j = 0; j < 10; ++j) {
        const std::string content = std::to_string(i) + " says " + std::to_string(j);
        const Response response =
            client.post(chat_path, chat("echo", i % 2 ? R"("stream":true)" : R"("n":2)", content));
        right += response.complete && response.body.find(std::to_string(j)) != std::string::npos;
      }
      return right;
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 10);
}

}  // namespace
}  // namespace helicon::http
