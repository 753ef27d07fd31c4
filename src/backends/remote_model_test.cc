#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "backends/remote_server.h"
#include "backends/remote_stream.h"
#include "backends/remote_transfer.h"

namespace helicon::backends {
namespace {

using chat::FinishReason;

std::string data(const std::string& json) { return "data: " + json + "\n\n"; }
std::string delta(const std::string& fields, const std::string& finish = "null") {
  return data(R"({"choices":[{"index":0,"delta":{)" + fields + R"(},"finish_reason":)" + finish +
              "}]}");
}
const std::string kWhole = ": a comment\r\n\r\n" + delta(R"("role":"assistant","content":"")") +
                           delta(R"("reasoning_content":"hm ")") + delta(R"("reasoning":"so")") +
                           delta(R"("content":"Grüße ")") + delta(R"("content":"\n😀")") +
                           delta("", "\"length\"") +
                           data(R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9,)"
                                R"("completion_tokens_details":{"reasoning_tokens":4}}})") +
                           data("[DONE]");

struct Heard {
  std::string text, reasoning;
  std::optional<FinishReason> finish;
};

Status push(RemoteStream& stream, std::string_view bytes, Heard& heard) {
  return stream.push(bytes, [&](chat::Event event) {
    heard.text += event.text;
    heard.reasoning += event.reasoning;
    if (event.finish) heard.finish = event.finish;
  });
}

TEST(RemoteStream, IsTheSameInAnyPieces) {
  const std::string& text = kWhole;
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    RemoteStream stream(1);
    Heard heard;
    ASSERT_TRUE(push(stream, std::string_view(text).substr(0, cut), heard).ok()) << cut;
    ASSERT_TRUE(push(stream, std::string_view(text).substr(cut), heard).ok()) << cut;
    EXPECT_EQ(heard.text, "Grüße \n😀");
    EXPECT_EQ(heard.reasoning, "hm so");
    EXPECT_EQ(heard.finish, FinishReason::length);
    EXPECT_TRUE(stream.complete());
  }
}

TEST(RemoteStream, CountsPiecesWhereThereAreNoFigures) {
  RemoteStream stream(1);
  Heard heard;
  ASSERT_TRUE(
      push(stream,
           delta(R"("content":"a")") + delta(R"("reasoning":"b")") + delta(R"("content":"c")"),
           heard)
          .ok());
  EXPECT_EQ(stream.usage().completion_tokens, 3);
  EXPECT_EQ(stream.usage().reasoning_tokens, 1);
  EXPECT_FALSE(stream.complete());
  RemoteStream told(1);
  ASSERT_TRUE(
      push(told, data(R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9}})"), heard)
          .ok());
  EXPECT_EQ(told.usage().prompt_tokens, 5);
  EXPECT_EQ(told.usage().completion_tokens, 9);
}

TEST(RemoteStream, CallsOfToolsAreToldWhenTheyAreWhole) {
  const auto call = [](int index, const std::string& fields) {
    return delta(R"("tool_calls":[{"index":)" + std::to_string(index) + "," + fields + "}]");
  };
  const std::string bytes =
      call(0, R"("id":"call_1","type":"function","function":{"name":"f","arguments":""})") +
      call(0, R"("function":{"arguments":"{\"a\":"})") +
      call(0, R"("function":{"arguments":"7}"})") +
      call(1, R"("id":"call_2","function":{"name":"g"})") + delta("", "\"tool_calls\"");
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    RemoteStream stream(1);
    std::vector<chat::ToolCall> calls;
    const auto take = [&](const chat::Event& event) {
      calls.insert(calls.end(), event.calls.begin(), event.calls.end());
    };
    ASSERT_TRUE(stream.push(std::string_view(bytes).substr(0, cut), take).ok());
    ASSERT_TRUE(stream.push(std::string_view(bytes).substr(cut), take).ok());
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].id, "call_1");
    EXPECT_EQ(calls[0].name, "f");
    EXPECT_EQ(boost::json::serialize(calls[0].arguments), R"({"a":7})");
    EXPECT_EQ(calls[1].name, "g");
    EXPECT_EQ(stream.usage().completion_tokens, 4);
  }
}

TEST(RemoteStream, RefusesWhatIsUnreadable) {
  for (const std::string& bytes :
       {delta(R"("tool_calls":[7])"), delta(R"("tool_calls":[{"index":100000}])"),
        delta(R"("tool_calls":[{"function":{"name":"f","arguments":"[1"}}])", "\"tool_calls\""),
        data("{"), data("7"), data(R"({"choices":[7]})"),
        data(R"({"choices":[{"index":3,"delta":{}}]})"), std::string(2 << 20, 'x'),
        data(R"({"error":{"message":"the model ran into a wall"}})")}) {
    RemoteStream stream(1);
    Heard heard;
    EXPECT_FALSE(push(stream, bytes, heard).ok()) << bytes.substr(0, 80);
  }
  RemoteStream stream(1);
  Heard heard;
  const Status failed =
      push(stream, data(R"({"error":{"message":"ran into a wall","code":"internal"}})"), heard);
  EXPECT_NE(failed.error().message.find("ran into a wall"), std::string::npos);
  // Odd, but no reason to end an answer.
  for (const std::string& bytes :
       {data(R"({"choices":[{"delta":{"content":7}}]})"), data(R"({"choices":null})"), data("{}"),
        data(R"({"choices":[{"index":0,"delta":null}],"usage":null,"error":null})"),
        std::string("event: x\nid: 7\nretry: 1\n\n")})
    EXPECT_TRUE(push(stream, bytes, heard).ok()) << bytes;
}

TEST(RemoteError, SaysWhatTheServerSaid) {
  const auto of = [](long status, const char* body, const char* retry = "") {
    return error_of("http://host/v1", status, body, retry);
  };
  EXPECT_EQ(of(400, R"({"error":{"message":"m","code":"context_length_exceeded"}})").code,
            ErrorCode::context_length);
  EXPECT_EQ(of(400, R"({"error":{"message":"m","param":"top_p"}})").parameter, "top_p");
  EXPECT_EQ(of(401, "").code, ErrorCode::unsupported);
  EXPECT_EQ(of(404, R"({"message":"none","object":"error"})").code, ErrorCode::not_found);
  EXPECT_EQ(of(429, "slow down", "7").code, ErrorCode::overloaded);
  EXPECT_NE(of(429, "slow down", "7").message.find("7 s"), std::string::npos);
  EXPECT_EQ(of(500, "<html>\n</html>").code, ErrorCode::network);
  EXPECT_EQ(of(500, "<html>\n</html>").message.find('\n'), std::string::npos);
}

// Answers each connection with what the script says, and then hangs up or waits.
class ScriptedServer {
 public:
  // At an address where another one was, or at any.
  explicit ScriptedServer(std::string answer, bool wait = false, const std::string& where = ":0")
      : answer_(std::move(answer)), wait_(wait), socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const int on = 1;
    setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(where.substr(where.rfind(':') + 1))));
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Whether the other end has gone while we waited.
  bool was_left() const { return left_; }

 private:
  void serve() {
    for (;;) {
      const int peer = accept(socket_, nullptr, nullptr);
      if (peer < 0) return;
      char buffer[65536];
      std::string request;
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = recv(peer, buffer, sizeof(buffer), 0);
        if (count <= 0) break;
        request.append(buffer, static_cast<size_t>(count));
      }
      static_cast<void>(!send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL));
      if (wait_)
        while (recv(peer, buffer, sizeof(buffer), 0) > 0) {
        }
      left_ = wait_;
      close(peer);
    }
  }
  std::string answer_;
  bool wait_;
  int socket_;
  uint16_t port_ = 0;
  std::atomic<bool> left_{false};
  std::thread thread_;
};

std::string answer(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: text/event-stream\r\nRetry-After: 3\r\nConnection: close\r\n\r\n" +
         body;
}

const std::string kModels = answer(R"({"data":[{"id":"far","max_model_len":4096},{"id":7},"x"]})");

Status transfer(const std::string& address, std::string& body,
                std::chrono::milliseconds silence = std::chrono::seconds(9)) {
  RemoteOptions options;
  options.address = address + "/v1";
  options.silence = silence;
  options.connect = std::chrono::seconds(2);
  RemoteTransfer one(options, "/chat/completions", "{}");
  return one.run([&](std::string_view bytes) {
    body += bytes;
    return ok_status();
  });
}

TEST(RemoteTransfer, TellsWhatWentWrong) {
  std::string body;
  EXPECT_TRUE(transfer(ScriptedServer(answer("hello")).address(), body).ok());
  EXPECT_EQ(body, "hello");
  EXPECT_EQ(transfer("http://127.0.0.1:9", body).error().code, ErrorCode::network);
  const Status busy = transfer(
      ScriptedServer(answer(R"({"error":{"message":"full"}})", "429 Busy")).address(), body);
  EXPECT_EQ(busy.error().code, ErrorCode::overloaded);
  EXPECT_NE(busy.error().message.find("full (to be tried again in 3 s)"), std::string::npos)
      << busy.error().message;
  EXPECT_EQ(transfer(ScriptedServer("nonsense\r\n\r\n").address(), body).error().code,
            ErrorCode::network);
  EXPECT_EQ(
      transfer(ScriptedServer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort").address(),
               body)
          .error()
          .code,
      ErrorCode::network);
}

TEST(RemoteTransfer, TheKeyIsInNoMessage) {
  const std::string envelope = R"({"error":{"message":"no key sk-secret, sk-secret"}})";
  for (const std::string& said : {"HTTP/1.1 401 Unauthorized\r\nContent-Length: " +
                                      std::to_string(envelope.size()) + "\r\n\r\n" + envelope,
                                  answer("data: " + envelope + "\n\n")}) {
    const ScriptedServer server(said);
    RemoteOptions options;
    options.address = server.address() + "/v1";
    options.key = "sk-secret";
    RemoteTransfer one(options, "/chat/completions", "{}");
    RemoteStream stream(1);
    const Status status =
        one.run([&](std::string_view bytes) { return stream.push(bytes, [](chat::Event) {}); });
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.error().message.find("no key [key], [key]"), std::string::npos)
        << status.error().message;
  }
}

TEST(RemoteTransfer, SilenceEndsIt) {
  std::string body;
  const ScriptedServer silent(answer("first"), true);
  const Status status = transfer(silent.address(), body, std::chrono::seconds(2));
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("silent"), std::string::npos) << status.error().message;
  EXPECT_EQ(body, "first");
}

TEST(RemoteServer, ListsWhatItOffers) {
  const ScriptedServer server(kModels);
  RemoteOptions options;
  options.address = server.address() + "/v1/";
  const auto remote = RemoteServer::create(options);
  ASSERT_TRUE(remote.ok());
  const auto models = (*remote)->models();
  ASSERT_TRUE(models.ok()) << models.error().message;
  ASSERT_EQ(models->size(), 1u);
  EXPECT_EQ(models->front().name, "far");
  EXPECT_EQ(models->front().context_length, 4096);
  EXPECT_TRUE((*remote)->model("far").ok());
  EXPECT_EQ((*remote)->model("near").error().code, ErrorCode::not_found);
  for (const char* wrong : {"", "host", "ftp://host", "http://", "://", "http://me:secret@host",
                            "http://host?key=secret", "http://host/v1#part"}) {
    options.address = wrong;
    EXPECT_FALSE(RemoteServer::create(options).ok()) << wrong;
  }
  options.address = "http://host";
  for (const char* wrong : {"a\nX-Other: b", "a\r", "two words", "gr\xc3\xbc\xc3\x9f"}) {
    options.key = wrong;
    const auto refused = RemoteServer::create(options);
    ASSERT_FALSE(refused.ok()) << wrong;
    EXPECT_EQ(refused.error().message.find(wrong), std::string::npos);
  }
}

TEST(RemoteServer, OneThatIsBackIsFoundSoon) {
  RemoteOptions options;
  {
    const ScriptedServer gone("");
    options.address = gone.address();
  }
  const auto remote = RemoteServer::create(options);
  ASSERT_TRUE(remote.ok());
  EXPECT_EQ((*remote)->models().error().code, ErrorCode::network);
  const ScriptedServer back(kModels, false, options.address);
  for (int i = 0; i < 100 && !(*remote)->models().ok(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE((*remote)->models().ok());
}

TEST(RemoteServer, ACancelledAnswerLeavesTheServerAtOnce) {
  const ScriptedServer server(answer(delta(R"("content":"a")")), true);
  RemoteOptions options;
  options.address = server.address() + "/v1";
  std::mutex mutex;
  std::condition_variable changed;
  bool heard = false;
  RemoteTransfer one(options, "/chat/completions", "{}");
  std::thread runner([&] {
    const Status status = one.run([&](std::string_view) {
      const std::lock_guard lock(mutex);
      heard = true;
      changed.notify_all();
      return ok_status();
    });
    EXPECT_EQ(status.error().code, ErrorCode::cancelled);
  });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return heard; });
  }
  const auto start = std::chrono::steady_clock::now();
  one.cancel();
  runner.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace helicon::backends
