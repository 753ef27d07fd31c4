#include "net/network.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

namespace helicon::net {
namespace {

bool public_text(const char* text) { return is_public(parse_address(text).value()); }

TEST(Network, WhatIsAnybodysIsPublic) {
  for (const char* text :
       {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
        "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "198.17.255.255",
        "198.20.0.0", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450::1", "2001:200::1",
        "2003::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"})
    EXPECT_TRUE(public_text(text)) << text;
}

TEST(Network, WhatIsNobodyElsesIsNot) {
  for (const char* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.254",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.0.2.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.7",
                           "203.0.113.7",
                           "224.0.0.251",
                           "239.255.255.250",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::7f00:1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.1.2.3",
                           "64:ff9b::127.0.0.1",
                           "64:ff9b:1::1",
                           "100::1",
                           "fc00::1",
                           "fdff::1",
                           "fe80::1",
                           "fec0::1",
                           "ff02::1",
                           "2001::1",
                           "2001:1ff::1",
                           "2001:db8::1",
                           "2002:7f00:1::",
                           "3fff:0:1::1",
                           "4000::1"})
    EXPECT_FALSE(public_text(text)) << text;
}

TEST(Network, HoldsWhatBeginsWithItsBits) {
  const Network ten = Network::parse("10.32.0.0/11").value();
  EXPECT_TRUE(ten.holds(parse_address("10.32.0.0").value()));
  EXPECT_TRUE(ten.holds(parse_address("10.63.255.255").value()));
  EXPECT_TRUE(ten.holds(parse_address("::ffff:10.40.0.1").value()));
  EXPECT_FALSE(ten.holds(parse_address("10.64.0.0").value()));
  EXPECT_FALSE(ten.holds(parse_address("10.31.255.255").value()));
  EXPECT_FALSE(ten.holds(parse_address("::a20:1").value()));
  const Network one = Network::parse("::1").value();
  EXPECT_TRUE(one.holds(parse_address("::1").value()));
  EXPECT_FALSE(one.holds(parse_address("::2").value()));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->holds(parse_address("200.1.2.3").value()));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->holds(parse_address("::1").value()));
  EXPECT_TRUE(Network::parse("::/0")->holds(parse_address("200.1.2.3").value()));
}

TEST(Network, WhatIsNoNetworkIsRefused) {
  for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                           "10.0.0/8", "::1/129", "localhost", "10.0.0.0/8/8", "0x7f.1"})
    EXPECT_FALSE(Network::parse(text)) << text;
}

TEST(Network, SocketsAddressesAreRead) {
  sockaddr_storage storage{};
  sockaddr_in four{};
  four.sin_family = AF_INET;
  inet_pton(AF_INET, "192.168.7.9", &four.sin_addr);
  std::memcpy(&storage, &four, sizeof(four));
  EXPECT_EQ(to_string(address_of(reinterpret_cast<sockaddr&>(storage)).value()), "192.168.7.9");
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "2001:db8::7", &six.sin6_addr);
  std::memcpy(&storage, &six, sizeof(six));
  EXPECT_EQ(to_string(address_of(reinterpret_cast<sockaddr&>(storage)).value()), "2001:db8::7");
  storage.ss_family = AF_UNIX;
  EXPECT_FALSE(address_of(reinterpret_cast<sockaddr&>(storage)));
}

}  // namespace
}  // namespace helicon::net
