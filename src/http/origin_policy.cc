#include "http/origin_policy.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>
#include <optional>

namespace helicon::http {
namespace {

namespace ip = boost::asio::ip;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// "[::1]:80" -> "::1", "localhost:8642" -> "localhost", "Example.org." -> "example.org".
std::string name_of(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end == std::string_view::npos ? std::string() : lower_case(host.substr(1, end - 1));
  }
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  return lower_case(host);
}

std::optional<ip::address> address_of(const std::string& text) {
  boost::system::error_code error;
  const ip::address address = ip::make_address(text, error);
  if (error) return std::nullopt;
  // ::ffff:127.0.0.1, as a socket for both families calls its IPv4 clients.
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return address;
}

bool contains(const std::vector<std::string>& list, std::string_view wanted) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& element) {
    return element == "*" || lower_case(element) == wanted;
  });
}

}  // namespace

bool host_is_allowed(std::string_view host, std::string_view local_address,
                     const OriginPolicy& policy) {
  const std::string name = name_of(host);
  if (name.empty()) return false;
  if (name == "localhost" || contains(policy.hosts, name)) return true;
  const auto address = address_of(name);
  if (!address) return false;
  return address->is_loopback() || address == address_of(std::string(local_address));
}

OriginVerdict judge_origin(std::string_view origin, std::string_view host,
                           const OriginPolicy& policy) {
  if (origin.empty()) return OriginVerdict::same;
  const std::string lower = lower_case(origin);
  const std::string authority = lower_case(host);
  // https: behind a proxy that speaks TLS for us.
  if (lower == "http://" + authority || lower == "https://" + authority) {
    return OriginVerdict::same;
  }
  return contains(policy.origins, lower) ? OriginVerdict::allowed : OriginVerdict::refused;
}

}  // namespace helicon::http
