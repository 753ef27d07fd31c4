#include "net/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

namespace helicon::net {
namespace {

constexpr size_t kMappedBytes = 12;  // before the four of IPv4
constexpr int kAllBits = 128;

Address mapped(const void* four) {
  Address address{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::memcpy(address.data() + kMappedBytes, four, 4);
  return address;
}

bool is_mapped(const Address& address) {
  const Address none = mapped("\0\0\0\0");
  return std::equal(none.begin(), none.begin() + kMappedBytes, address.begin());
}

std::vector<Network> networks(std::initializer_list<const char*> texts) {
  std::vector<Network> found;
  for (const char* text : texts) {
    const auto network = Network::parse(text);
    assert(network);
    if (network) found.push_back(*network);
  }
  return found;
}

bool any_holds(const std::vector<Network>& networks, const Address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.holds(address); });
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  const std::string whole(text);
  in_addr four;
  if (inet_pton(AF_INET, whole.c_str(), &four) == 1) return mapped(&four);
  Address address;
  if (inet_pton(AF_INET6, whole.c_str(), address.data()) == 1) return address;
  return std::nullopt;
}

std::optional<Address> address_of(const sockaddr& socket) {
  if (socket.sa_family == AF_INET) {
    sockaddr_in four;
    std::memcpy(&four, &socket, sizeof(four));
    return mapped(&four.sin_addr);
  }
  if (socket.sa_family == AF_INET6) {
    sockaddr_in6 six;
    std::memcpy(&six, &socket, sizeof(six));
    Address address;
    std::memcpy(address.data(), &six.sin6_addr, address.size());
    return address;
  }
  return std::nullopt;
}

std::string to_string(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_mapped(address))
    inet_ntop(AF_INET, address.data() + kMappedBytes, text, sizeof(text));
  else
    inet_ntop(AF_INET6, address.data(), text, sizeof(text));
  return text;
}

std::optional<Network> Network::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const auto start = parse_address(text.substr(0, slash));
  if (!start) return std::nullopt;
  if (slash == std::string_view::npos) return Network(*start, kAllBits);
  const int most = text.find(':') == std::string_view::npos ? 32 : kAllBits;
  int bits = 0;
  const std::string_view number = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
  if (error != std::errc() || end != number.data() + number.size() || bits < 0 || bits > most)
    return std::nullopt;
  return Network(*start, kAllBits - most + bits);
}

bool Network::holds(const Address& address) const {
  const size_t whole = static_cast<size_t>(bits_) / 8;
  if (!std::equal(start_.begin(), start_.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.begin()))
    return false;
  const int rest = bits_ % 8;
  return rest == 0 || (start_[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool is_public(const Address& address) {
  static const std::vector<Network> nat64 = networks({"64:ff9b::/96"});
  // Everything of IPv6 that was given to anybody lies in 2000::/3.
  static const std::vector<Network> given = networks({"::ffff:0:0/96", "2000::/3"});
  static const std::vector<Network> special = networks({
      "0.0.0.0/8",        // this network
      "10.0.0.0/8",       // private
      "100.64.0.0/10",    // shared behind a provider's NAT
      "127.0.0.0/8",      // loopback
      "169.254.0.0/16",   // link-local, among them the metadata of clouds
      "172.16.0.0/12",    // private
      "192.0.0.0/24",     // assignments of the protocol
      "192.0.2.0/24",     // documentation
      "192.88.99.0/24",   // relays of 6to4
      "192.168.0.0/16",   // private
      "198.18.0.0/15",    // benchmarks
      "198.51.100.0/24",  // documentation
      "203.0.113.0/24",   // documentation
      "224.0.0.0/4",      // multicast
      "240.0.0.0/4",      // reserved, and broadcast
      "2001::/23",        // assignments of the protocol, among them Teredo
      "2001:db8::/32",    // documentation
      "2002::/16",        // 6to4, which stands for any IPv4 address
      "3fff::/20",        // documentation
  });
  if (any_holds(nat64, address)) return is_public(mapped(address.data() + kMappedBytes));
  return any_holds(given, address) && !any_holds(special, address);
}

}  // namespace helicon::net
