#include "http/origin_policy.h"

#include <gtest/gtest.h>

namespace helicon::http {
namespace {

TEST(HostIsAllowed, ByItsOwnNamesOnly) {
  const OriginPolicy policy;
  const auto allowed = [&](std::string_view host, std::string_view local = "127.0.0.1") {
    return host_is_allowed(host, local, policy);
  };
  for (const char* host : {"localhost", "localhost:8642", "LocalHost:1", "localhost.", "127.0.0.1",
                           "127.0.0.1:8642", "127.1.2.3:9", "[::1]", "[::1]:8642"}) {
    EXPECT_TRUE(allowed(host)) << host;
  }
  for (const char* host :
       {"", ":8642", "evil.example", "evil.example:8642", "localhost.evil.example",
        "127.0.0.1.evil.example", "192.168.1.5", "0.0.0.0", "[::1", "[::]", "127.1", "2130706433",
        "localhost@evil.example", "evil.example/localhost", " localhost"}) {
    EXPECT_FALSE(allowed(host)) << host;
  }
  EXPECT_TRUE(allowed("192.168.1.5:8642", "192.168.1.5")) << "the address that was reached";
  EXPECT_TRUE(allowed("192.168.1.5", "::ffff:192.168.1.5"));
  EXPECT_TRUE(allowed("[fe80::1]", "fe80::1"));
  EXPECT_FALSE(allowed("192.168.1.6", "192.168.1.5"));
}

TEST(HostIsAllowed, ByNamesItWasTold) {
  const OriginPolicy policy{.hosts = {"Box.lan"}, .origins = {}};
  EXPECT_TRUE(host_is_allowed("box.lan:80", "10.0.0.1", policy));
  EXPECT_FALSE(host_is_allowed("other.lan", "10.0.0.1", policy));
  EXPECT_TRUE(host_is_allowed("other.lan", "10.0.0.1", {.hosts = {"*"}, .origins = {}}));
}

TEST(JudgeOrigin, OnlyItsOwnPagesAndThoseItWasTold) {
  const OriginPolicy policy{.hosts = {}, .origins = {"https://app.example"}};
  EXPECT_EQ(judge_origin("", "localhost:8642", policy), OriginVerdict::same);
  EXPECT_EQ(judge_origin("http://localhost:8642", "localhost:8642", policy), OriginVerdict::same);
  EXPECT_EQ(judge_origin("https://box.lan", "Box.lan", policy), OriginVerdict::same);
  EXPECT_EQ(judge_origin("https://app.example", "localhost:8642", policy), OriginVerdict::allowed);
  for (const char* origin :
       {"null", "http://localhost", "http://localhost:9999", "http://localhost:86420",
        "http://app.example", "https://app.example:444", "https://app.example.evil",
        "https://evil.example", "file://localhost:8642", "http://127.0.0.1:8642"}) {
    EXPECT_EQ(judge_origin(origin, "localhost:8642", policy), OriginVerdict::refused) << origin;
  }
  const OriginPolicy any{.hosts = {}, .origins = {"*"}};
  EXPECT_EQ(judge_origin("null", "localhost", any), OriginVerdict::allowed);
}

}  // namespace
}  // namespace helicon::http
