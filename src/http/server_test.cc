// Listening, stopping, and what stopping does to answers under way.
#include "http/server.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "http/server_fixture.h"

namespace helicon::http {
namespace {

TEST_F(ServerTest, ABusyPortIsAnErrorOfOneLine) {
  start();
  ServerOptions options;
  options.port = port_;
  auto second = Server::listen(options, std::make_unique<backends::ModelPool>(
                                            backends::PoolOptions{}, backends::ModelSource{}));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::io);
  EXPECT_EQ(second.error().message, "cannot listen on 127.0.0.1 port " + std::to_string(port_) +
                                        ": the port is already in use");
}

TEST_F(ServerTest, OnlyAddressesCanBeListenedOn) {
  options_.address = "example.org";
  auto server = Server::listen(options_, std::make_unique<backends::ModelPool>(
                                             backends::PoolOptions{}, backends::ModelSource{}));
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(server.error().message.find("example.org"), std::string::npos);
}

TEST_F(ServerTest, SaysItsAddress) {
  start();
  EXPECT_EQ(server_->url(), "http://127.0.0.1:" + std::to_string(port_));
}

TEST_F(ServerTest, StopsAtOnceWhenNothingIsUnderWay) {
  start();
  Client idle(port_);
  EXPECT_EQ(idle.get("/health").status, 200);
  const auto begin = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_TRUE(idle.sees_end());
  EXPECT_FALSE(Client(port_).connected());
}

TEST_F(ServerTest, AnswersUnderWayAreFinished) {
  add_model({.name = "steady", .reply = "a b c d e f g h", .token_delay = milliseconds(20)});
  start();
  Client client(port_);
  client.send(Client::request("POST", chat_path, "", chat("steady", R"("stream":true)")));
  ASSERT_TRUE(client.read_until_contains("\"b \""));
  stop();
  const Response response = client.read();
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.events().back(), "[DONE]");
  EXPECT_TRUE(client.sees_end());
}

TEST_F(ServerTest, AnswersThatTakeTooLongAreEndedAndTold) {
  options_.timeouts.stop = milliseconds(100);
  start();
  Client streaming(port_);
  streaming.send(Client::request("POST", chat_path, "", chat("slow", R"("stream":true)")));
  Client waiting(port_);
  waiting.send(Client::request("POST", chat_path, "", chat("slow")));
  ASSERT_TRUE(soon([&] { return counters("slow").running == 2; }));
  const auto begin = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  EXPECT_EQ(counters("slow").cancelled, 2);
  const Response stream = streaming.read();
  EXPECT_TRUE(stream.complete);
  EXPECT_NE(stream.events().back().find("the server is stopping"), std::string::npos);
  const Response whole = waiting.read();
  EXPECT_EQ(whole.status, 503);
  EXPECT_EQ(whole.error_code(), "cancelled");
}

TEST_F(ServerTest, AReaderThatTakesNothingDoesNotHoldUpTheStop) {
  add_model({.name = "flood", .reply = std::string(1000, 'x') + " ", .endless = true});
  options_.timeouts.stop = milliseconds(50);
  start();
  Client client(port_, 4096);
  client.send(Client::request("POST", chat_path, "", chat("flood", R"("stream":true)")));
  ASSERT_TRUE(soon([&] { return counters("flood").started == 1; }));
  const auto begin = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(ServerTest, ALoadUnderWayDoesNotHoldUpTheStop) {
  std::promise<void> go_on;
  on_load_ = [wait = go_on.get_future().share()] { wait.wait(); };
  options_.timeouts.stop = milliseconds(50);
  start();
  Client client(port_);
  client.send(Client::request("POST", chat_path, "", chat("echo")));
  std::this_thread::sleep_for(milliseconds(50));
  server_->stop();
  EXPECT_EQ(client.read().status, 503);
  thread_.join();
  go_on.set_value();
  server_.reset();
}

TEST_F(ServerTest, ListsModels) {
  start();
  Client client(port_);
  const boost::json::value list = client.get("/v1/models").json();
  EXPECT_EQ(list.at("object"), "list");
  ASSERT_EQ(list.at("data").as_array().size(), 2u);
  EXPECT_EQ(list.at_pointer("/data/0/id"), "echo");
  EXPECT_EQ(list.at_pointer("/data/0/object"), "model");
  EXPECT_TRUE(list.at_pointer("/data/0/created").is_int64());
  EXPECT_EQ(client.get("/v1/models/ech%6f").json().at("id"), "echo");
  const Response missing = client.get("/v1/models/..%2f..%2fetc%2fpasswd");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.json().at_pointer("/error/param"), "model");
  EXPECT_EQ(client.get("/v1/models/%zz").status, 404);
}

TEST_F(ServerTest, HealthNamesWhatIsLoaded) {
  add_model({.name = "paged", .pages = backends::PageUse{8, 5}});
  start();
  Client client(port_);
  EXPECT_EQ(client.get("/health").json(),
            boost::json::parse(R"({"status":"ok","loaded":[],"pages":{}})"));
  client.post(chat_path, chat("echo"));
  client.post(chat_path, chat("paged"));
  EXPECT_EQ(client.get("/health").json(),
            boost::json::parse(R"({"status":"ok","loaded":["echo","paged"],
                                   "pages":{"paged":{"all":8,"free":5}}})"));
}

}  // namespace
}  // namespace helicon::http
