// Who is let in, through real sockets: hosts, origins, methods, media types, and the page.
#include "http/routes.h"

#include <gtest/gtest.h>

#include "http/gunzip.h"
#include "http/server_fixture.h"

namespace helicon::http {
namespace {

// "<p>hello" compressed by zlib.
constexpr std::string_view zipped(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xb3\x29\xb0\xcb\x48\xcd\xc9\xc9\x07\x00"
    "\x36\x7e\x6a\x95\x08\x00\x00\x00",
    28);

class RoutesTest : public ServerTest {
 protected:
  RoutesTest() {
    options_.find_asset = [](std::string_view path) -> const WebAsset* {
      static const WebAsset assets[] = {
          {"/index.html", "text/html; charset=utf-8", zipped, "\"e1\"", true},
          {"/assets/a-1f2e.js", "text/javascript", "let a", "\"e2\"", false}};
      if (path == "/") path = "/index.html";
      for (const WebAsset& asset : assets) {
        if (asset.path == path) return &asset;
      }
      return nullptr;
    };
  }
};

TEST_F(RoutesTest, ForeignHostsAreRefused) {
  start();
  Client client(port_);
  for (const char* host : {"evil.example", "localhost.evil.example:8642", ""}) {
    const Response response = client.get("/v1/models", "Host: " + std::string(host) + "\r\n");
    EXPECT_EQ(response.status, 403) << host;
    EXPECT_EQ(response.error_code(), "host_not_allowed");
  }
  EXPECT_EQ(client.get("http://evil.example/health").status, 403) << "a target's host counts";
  EXPECT_EQ(client.get("http://localhost/health", "Host: evil.example\r\n").status, 200);
  const Response post = client.post(chat_path, chat("echo"), "Host: evil.example\r\n");
  EXPECT_EQ(post.status, 403);
  EXPECT_TRUE(client.sees_end()) << "its body is not read";
  EXPECT_EQ(counters("echo").started, 0);
}

TEST_F(RoutesTest, HostsThatWereNamedAreServed) {
  options_.policy.hosts = {"box.lan"};
  start();
  EXPECT_EQ(Client(port_).get("/health", "Host: box.lan:8642\r\n").status, 200);
}

TEST_F(RoutesTest, ForeignPagesAreRefused) {
  start();
  Client client(port_);
  const std::string own = "http://localhost:" + std::to_string(port_);
  const std::string host = "Host: localhost:" + std::to_string(port_) + "\r\n";
  EXPECT_EQ(client.get("/health", host + "Origin: " + own + "\r\n").status, 200);
  for (const char* origin : {"http://evil.example", "null", "http://localhost:1"}) {
    const Response response = client.get("/health", host + "Origin: " + origin + "\r\n");
    EXPECT_EQ(response.status, 403) << origin;
    EXPECT_EQ(response.error_code(), "origin_not_allowed");
    EXPECT_EQ(response.header("access-control-allow-origin"), "");
  }
  EXPECT_EQ(
      client
          .exchange("OPTIONS", chat_path,
                    "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n", "")
          .status,
      403);
}

TEST_F(RoutesTest, PagesThatWereNamedPassThePreflight) {
  options_.policy.origins = {"https://app.example"};
  start();
  Client client(port_);
  const std::string origin = "Origin: https://app.example\r\n";
  const Response preflight =
      client.exchange("OPTIONS", chat_path,
                      origin +
                          "Access-Control-Request-Method: POST\r\n"
                          "Access-Control-Request-Headers: authorization, x-stainless-os\r\n",
                      "");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(preflight.header("access-control-allow-methods"), "POST, OPTIONS");
  EXPECT_EQ(preflight.header("access-control-allow-headers"), "authorization, x-stainless-os");
  const Response stream = client.post(chat_path, chat("echo", R"("stream":true)"), origin);
  EXPECT_EQ(stream.header("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(stream.header("vary"), "Origin");
  EXPECT_EQ(client.post(chat_path, "{", origin).header("access-control-allow-origin"),
            "https://app.example")
      << "a page must be able to read what was wrong";
  EXPECT_EQ(client.get("/health").header("vary"), "Origin") << "caches must not mix them up";
}

TEST_F(RoutesTest, UnknownPathsAndMethods) {
  start();
  Client client(port_);
  for (const char* path : {"/nowhere", "/v1/chat/completions/", "/v1/models/", "/v1/embeddings",
                           "/../index.html", "/%2e%2e/index.html", "//", "/health/x"}) {
    const Response response = client.get(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(response.error_code(), "not_found");
  }
  const auto allow = [&](std::string_view method, std::string_view path) {
    const Response response = client.exchange(method, path, "", "");
    EXPECT_EQ(response.status, 405) << method << path;
    return response.header("allow");
  };
  EXPECT_EQ(allow("GET", chat_path), "POST, OPTIONS");
  EXPECT_EQ(allow("DELETE", "/v1/models/echo"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(allow("PUT", "/"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(allow("BREW", "/health"), "GET, HEAD, OPTIONS");
  const Response options = client.exchange("OPTIONS", "/health", "", "");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(client.get("/health?a=b").status, 200);
}

TEST_F(RoutesTest, BodiesMustBeJson) {
  start();
  for (const char* type :
       {"text/plain", "application/x-www-form-urlencoded", "application/jsonx"}) {
    Client client(port_);
    const Response response =
        client.post(chat_path, chat("echo"), "Content-Type: " + std::string(type) + "\r\n");
    EXPECT_EQ(response.status, 415) << type;
  }
  Client client(port_);
  EXPECT_EQ(
      client.post(chat_path, chat("echo"), "Content-Type: Application/JSON ; charset=utf-8\r\n")
          .status,
      200);
}

TEST_F(RoutesTest, ThePageComesCompressedPlainOrNotAtAll) {
  start();
  Client client(port_);
  const Response gzip = client.get("/", "Accept-Encoding: br, gzip;q=0.5\r\n");
  EXPECT_EQ(gzip.status, 200);
  EXPECT_EQ(gzip.body, zipped);
  EXPECT_EQ(gzip.header("content-encoding"), "gzip");
  EXPECT_EQ(gzip.header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(gzip.header("cache-control"), "no-cache");
  EXPECT_EQ(gzip.header("vary"), "Accept-Encoding");
  EXPECT_EQ(gzip.header("x-frame-options"), "DENY");
  for (const char* accepted : {"", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0\r\n"}) {
    const Response plain = client.get("/index.html", accepted);
    EXPECT_EQ(plain.body, "<p>hello") << accepted;
    EXPECT_EQ(plain.header("content-encoding"), "");
    EXPECT_NE(plain.header("etag"), gzip.header("etag"));
  }
  const std::string etag = gzip.header("etag");
  const auto again = [&](const std::string& tags) {
    return client.get("/", "Accept-Encoding: gzip\r\nIf-None-Match: " + tags + "\r\n");
  };
  EXPECT_EQ(again(etag).status, 304);
  EXPECT_EQ(again("\"x\", W/" + etag).status, 304);
  EXPECT_EQ(again(etag).header("etag"), etag);
  EXPECT_EQ(again("\"x\"").status, 200);
  EXPECT_EQ(client.get("/assets/a-1f2e.js").header("cache-control"),
            "public, max-age=31536000, immutable");
}

TEST(Gunzip, RefusesWhatIsDamaged) {
  ASSERT_TRUE(gunzip(zipped).ok());
  EXPECT_EQ(*gunzip(zipped), "<p>hello");
  for (size_t length = 0; length < zipped.size(); ++length) {
    EXPECT_FALSE(gunzip(zipped.substr(0, length)).ok()) << length;
  }
  std::string longer(zipped);
  longer[longer.size() - 4] = 9;  // claims one byte more than there is
  EXPECT_FALSE(gunzip(longer).ok());
}

}  // namespace
}  // namespace helicon::http
