// The protocol's edges, and clients that mean harm: whatever they send, the server goes on.
#include <gtest/gtest.h>

#include <future>
#include <random>

#include "http/server_fixture.h"

namespace helicon::http {
namespace {

using ConnectionTest = ServerTest;

TEST_F(ConnectionTest, KeepsAliveAndAnswersPipelinedRequestsInOrder) {
  start();
  Client client(port_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/health").status, 200);
  client.send(Client::request("POST", chat_path, "", chat("echo", "", "first")) +
              Client::request("GET", "/nowhere", "", "") +
              Client::request("POST", chat_path, "", chat("echo", R"("stream":true)", "second")) +
              Client::request("GET", "/health", "", ""));
  EXPECT_NE(client.read().body.find("first"), std::string::npos);
  EXPECT_EQ(client.read().status, 404);
  EXPECT_EQ(client.read().events().size(), 4u);
  EXPECT_EQ(client.read().status, 200);
}

TEST_F(ConnectionTest, ClosesWhenAskedTo) {
  start();
  Client client(port_);
  const Response response = client.get("/health", "Connection: close\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("connection"), "close");
  EXPECT_TRUE(client.sees_end());
}

TEST_F(ConnectionTest, SpeaksHttp10) {
  start();
  Client client(port_);
  client.send("GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read().status, 200);
  EXPECT_TRUE(client.sees_end());
  Client streaming(port_);
  const std::string body = chat("echo", R"("stream":true)");
  streaming.send(
      "POST /v1/chat/completions HTTP/1.0\r\nHost: localhost\r\n"
      "Content-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  const Response response = streaming.read();
  EXPECT_EQ(response.header("transfer-encoding"), "") << "HTTP/1.0 knows no chunks";
  EXPECT_EQ(response.events().size(), 6u);
  EXPECT_EQ(response.events().back(), "[DONE]");
}

TEST_F(ConnectionTest, HeadHasTheHeadersOfGet) {
  start();
  Client client(port_);
  const Response get = client.get("/");
  const Response head = client.exchange("HEAD", "/", "", "");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), std::to_string(get.body.size()));
  EXPECT_EQ(head.header("etag"), get.header("etag"));
  EXPECT_EQ(client.get("/health").status, 200) << "no body followed the head";
}

TEST_F(ConnectionTest, EveryAnswerCarriesTheSecurityHeaders) {
  start();
  Client client(port_);
  for (const Response& response :
       {client.get("/"), client.get("/health"), client.get("/nowhere"), client.post(chat_path, "{"),
        client.post(chat_path, chat("echo", R"("stream":true)"))}) {
    EXPECT_EQ(response.header("x-content-type-options"), "nosniff") << response.head;
    EXPECT_EQ(response.header("referrer-policy"), "no-referrer");
    EXPECT_EQ(response.header("cross-origin-resource-policy"), "same-origin");
    EXPECT_FALSE(response.header("date").empty());
  }
  EXPECT_NE(client.get("/").header("content-security-policy").find("script-src 'self'"),
            std::string::npos);
}

TEST_F(ConnectionTest, ExpectContinueIsAnsweredBeforeTheBody) {
  start();
  Client client(port_);
  const std::string request =
      Client::request("POST", chat_path, "Expect: 100-continue\r\n", chat("echo"));
  const size_t body = request.find("\r\n\r\n") + 4;
  client.send(request.substr(0, body));
  EXPECT_EQ(client.read(true).status, 100);
  client.send(request.substr(body));
  EXPECT_EQ(client.read().status, 200);
  EXPECT_EQ(client.post(chat_path, chat("echo"), "Expect: 42-maybe\r\n").status, 417);
}

TEST_F(ConnectionTest, ARefusedRequestIsAnsweredInPlaceOf100) {
  start();
  Client client(port_);
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
      "application/json\r\nContent-Length: 999999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read().status, 413);
  EXPECT_TRUE(client.sees_end());
}

TEST_F(ConnectionTest, BodiesOverTheLimitAreRefusedHoweverTheyCome) {
  options_.limits.body_bytes = 100'000;
  start();
  const std::string filler(100'001 - chat("echo", "", "").size(), 'x');
  const std::string over = chat("echo", "", filler);
  ASSERT_EQ(over.size(), 100'001u);
  const std::string just_right = chat("echo", "", std::string_view(filler).substr(1));
  {
    Client client(port_);
    EXPECT_EQ(client.post(chat_path, just_right).status, 200);
    const Response response = client.post(chat_path, over);
    EXPECT_EQ(response.status, 413);
    EXPECT_EQ(response.error_code(), "too_large");
    EXPECT_TRUE(client.sees_end());
  }
  const auto chunked = [&](const std::string& body, size_t size) {
    Client client(port_);
    client.send(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < body.size(); at += size) {
      const std::string chunk = body.substr(at, size);
      char length[32];
      std::snprintf(length, sizeof length, "%zx\r\n", chunk.size());
      client.send(length + chunk + "\r\n");
    }
    client.send("0\r\n\r\n");
    return client.read();
  };
  EXPECT_EQ(chunked(just_right, 1000).status, 200);
  EXPECT_EQ(chunked(just_right, 1'000'000).status, 200);
  EXPECT_EQ(chunked(over, 1000).status, 413) << "many small chunks";
  EXPECT_EQ(chunked(over, 1'000'000).status, 413) << "one large chunk";
  EXPECT_EQ(chunked(over + over + over, 7).error_code(), "too_large");
  EXPECT_TRUE(alive());
}

TEST_F(ConnectionTest, AllBodiesTogetherAreBounded) {
  options_.limits.all_body_bytes = 100'000;
  std::promise<void> loading;
  std::promise<void> go_on;
  on_load_ = [&, wait = go_on.get_future().share()] {
    loading.set_value();
    wait.wait();
  };
  start();
  const std::string request =
      Client::request("POST", chat_path, "", chat("echo", "", std::string(70'000, 'x')));
  Client first(port_);
  first.send(request);
  loading.get_future().wait();
  Client second(port_);
  second.send(request);
  const Response refused = second.read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.error_code(), "overloaded");
  go_on.set_value();
  EXPECT_EQ(first.read().status, 200) << "who came first is not disturbed";
  for (int i = 0; i < 3; ++i) {
    Client later(port_);
    later.send(request);
    EXPECT_EQ(later.read().status, 200) << "and then there is room again";
  }
}

TEST_F(ConnectionTest, HeadersOverTheLimitAreRefused) {
  start();
  Client one(port_);
  EXPECT_EQ(one.get("/health", "X-Big: " + std::string(40'000, 'x') + "\r\n").status, 431);
  Client many(port_);
  std::string headers;
  for (int i = 0; i < 5000; ++i) headers += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(many.get("/health", headers).status, 431);
  Client target(port_);
  EXPECT_EQ(target.get("/" + std::string(40'000, 'x')).status, 431);
  EXPECT_TRUE(alive());
}

TEST_F(ConnectionTest, SlowClientsRunOutOfTime) {
  options_.timeouts.header = milliseconds(100);
  options_.timeouts.body = milliseconds(100);
  options_.timeouts.idle = milliseconds(300);
  start();
  Client head(port_);
  head.send("GET /health HT");
  const Response response = head.read();
  EXPECT_EQ(response.status, 408);
  EXPECT_EQ(response.error_code(), "timeout");
  Client body(port_);
  const std::string request = Client::request("POST", chat_path, "", chat("echo"));
  body.send(std::string_view(request).substr(0, request.size() - 1));
  EXPECT_EQ(body.read().status, 408);
  Client drip(port_);
  bool told = false;
  for (int i = 0; i < 200 && !told; ++i) {
    drip.send(i == 0 ? "GET /health HTTP/1.1\r\n" : "A: b\r\n");
    told = drip.read_until([&] { return drip.received().starts_with("HTTP/1.1 408"); },
                           milliseconds(10));
  }
  EXPECT_TRUE(told) << "a header every few milliseconds does not buy time";
  Client idle(port_);
  EXPECT_EQ(idle.get("/health").status, 200);
  EXPECT_TRUE(idle.sees_end(milliseconds(5000)));
  EXPECT_EQ(idle.received(), "");
}

TEST_F(ConnectionTest, MalformedRequestsAre400AndTheEnd) {
  start();
  using std::string_literals::operator""s;
  const std::string ok = "Host: localhost\r\n";
  const std::string json = ok + "Content-Type: application/json\r\n";
  const std::string requests[] = {
      "hello\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS?\r\n\r\n"s,
      "GET  /health HTTP/1.1\r\n" + ok + "\r\n",
      "GET /health\r\n" + ok + "\r\n",
      "GET /health HTTP/1.1\r\n\r\n",                 // no Host
      "GET /health HTTP/1.1\r\n" + ok + ok + "\r\n",  // two
      "GET /health HTTP/1.1\r\n" + ok + "no colon\r\n\r\n",
      "GET /health HTTP/1.1\r\n" + ok + "na me: x\r\n\r\n",
      "GET /health HTTP/1.1\r\n" + ok + "x: \x01\r\n\r\n",
      "GET health HTTP/1.1\r\n" + ok + "\r\n",
      "GET http://user@localhost/ HTTP/1.1\r\n" + ok + "\r\n",
      "GET https://localhost/ HTTP/1.1\r\n" + ok + "\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\n" + json + "Content-Length: x\r\n\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\n" + json + "Content-Length: -1\r\n\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\n" + json +
          "Content-Length: 99999999999999999999\r\n\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\n" + json +
          "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\n" + json +
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\n" + json + "Transfer-Encoding: gzip\r\n\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\n" + json + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      "POST /v1/chat/completions HTTP/1.1\r\n" + json +
          "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
  };
  for (const std::string& request : requests) {
    Client client(port_);
    client.send(request);
    const Response response = client.read();
    EXPECT_EQ(response.status, 400) << request << " got " << response.head;
    EXPECT_TRUE(client.sees_end()) << request;
  }
  Client version(port_);
  version.send("GET /health HTTP/2.0\r\nHost: localhost\r\n\r\n");
  EXPECT_GE(version.read().status, 400);
  EXPECT_TRUE(alive());
}

TEST_F(ConnectionTest, RequestsThatBreakOffAreForgotten) {
  start();
  const std::string request = Client::request("POST", chat_path, "", chat("echo"));
  for (size_t length = 0; length < request.size(); length += 13) {
    Client client(port_);
    client.send(std::string_view(request).substr(0, length));
    if (length % 2) client.reset();
  }
  Client half(port_);
  half.send(std::string_view(request).substr(0, request.size() - 5));
  half.half_close();
  EXPECT_TRUE(half.sees_end());
  EXPECT_TRUE(alive());
}

TEST_F(ConnectionTest, RandomBytesAreSurvived) {
  start();
  std::mt19937 random(7);
  const std::string good = Client::request("POST", chat_path, "", chat("echo", R"("stream":true)"));
  for (int i = 0; i < 200; ++i) {
    std::string bytes = good;
    for (int flips = 0; flips < 1 + i % 5; ++flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    Client client(port_);
    client.send(bytes);
    client.half_close();
    client.sees_end(milliseconds(2000));
  }
  EXPECT_TRUE(alive());
}

TEST_F(ConnectionTest, BadJsonIsAClearAnswerOnAConnectionThatLivesOn) {
  start();
  using std::string_literals::operator""s;
  Client client(port_);
  for (const std::string& body :
       {""s, "{"s, "null"s, "\0\0"s, "\"\xff\""s, std::string(100'000, '['),
        "{\"model\":\"\\ud800\"}"s, R"({"model":"a","model":"b"})"s}) {
    const Response response = client.post(chat_path, body);
    EXPECT_EQ(response.status, 400) << body.substr(0, 40);
    EXPECT_EQ(response.error_code(), "invalid_argument");
  }
  EXPECT_EQ(client.post(chat_path, chat("echo")).status, 200);
}

TEST_F(ConnectionTest, OneConnectionTooManyIsTurnedAway) {
  options_.limits.connections = 2;
  start();
  auto first = std::make_unique<Client>(port_);
  Client second(port_);
  EXPECT_EQ(first->get("/health").status, 200);
  EXPECT_EQ(second.get("/health").status, 200);
  Client third(port_);
  EXPECT_EQ(third.read().status, 503);
  EXPECT_TRUE(third.sees_end());
  first.reset();
  EXPECT_TRUE(soon([&] { return Client(port_).get("/health").status == 200; }));
}

}  // namespace
}  // namespace helicon::http
