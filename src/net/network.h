// Addresses of the Internet protocols, and which of them are anybody's.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace helicon::net {

// An IPv6 address, or an IPv4 one as IPv6 maps it (::ffff:a.b.c.d, RFC 4291).
using Address = std::array<uint8_t, 16>;

std::optional<Address> parse_address(std::string_view text);
// Nothing for other families.
std::optional<Address> address_of(const sockaddr& socket);
std::string to_string(const Address& address);

// All addresses that begin with the same bits.
class Network {
 public:
  // "10.0.0.0/8", "fd00::/8", or one address.
  static std::optional<Network> parse(std::string_view text);
  bool holds(const Address& address) const;

 private:
  Network(const Address& start, int bits) : start_(start), bits_(bits) {}

  Address start_;
  int bits_;  // of the 128
};

// Whether an address may belong to anybody on the Internet: not to this machine, a private or
// local network, or a purpose of the protocols' own (IANA's IPv4 and IPv6 Special-Purpose Address
// Registries). One that stands for an IPv4 address (mapped, or behind NAT64) is judged by that.
bool is_public(const Address& address);

}  // namespace helicon::net
