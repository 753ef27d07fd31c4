#include "net/guarded_fetch.h"

#include <gtest/gtest.h>

namespace helicon::net {
namespace {

bool allowed(const char* rules, const char* address) {
  return FetchRules::parse(rules).value().allow(parse_address(address).value());
}

TEST(FetchRules, AllowWhatTheyName) {
  EXPECT_TRUE(FetchRules().allow(parse_address("8.8.8.8").value()));
  EXPECT_FALSE(FetchRules().allow(parse_address("10.0.0.1").value()));
  EXPECT_TRUE(allowed("public", "8.8.8.8"));
  EXPECT_FALSE(allowed("public", "10.1.0.1"));
  EXPECT_TRUE(allowed("public,10.1.0.0/16", "10.1.0.1"));
  EXPECT_FALSE(allowed("public,10.1.0.0/16", "10.2.0.1"));
  EXPECT_TRUE(allowed("10.1.0.0/16,::1", "::1"));
  EXPECT_FALSE(allowed("10.1.0.0/16,::1", "8.8.8.8"));
  EXPECT_FALSE(allowed("none", "8.8.8.8"));
}

TEST(FetchRules, NoneIsKnown) {
  EXPECT_TRUE(FetchRules::parse("none")->none());
  EXPECT_FALSE(FetchRules::parse("public")->none());
  EXPECT_FALSE(FetchRules::parse("::1")->none());
}

TEST(FetchRules, WhatIsNoneIsRefused) {
  for (const char* text : {"", "publc", "public,", ",public", "public, ::1", "none,public",
                           "public,none", "10.0.0.0/40", "example.org"}) {
    const auto rules = FetchRules::parse(text);
    ASSERT_FALSE(rules.ok()) << text;
    EXPECT_EQ(rules.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace helicon::net
