#include "net/guarded_fetch.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "net/curl.h"

namespace helicon::net {
namespace {

constexpr size_t kLongestAddress = 8192;

struct Transfer {
  const FetchRules& rules;
  const FetchLimits& limits;
  const std::stop_token& stop;
  Fetched fetched;
  bool too_large = false;
  std::optional<Address> refused;
};

curl_socket_t on_socket(void* user, curlsocktype, curl_sockaddr* target) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::optional<Address> address = address_of(target->addr);
  if (!address) return CURL_SOCKET_BAD;
  if (!transfer.rules.allow(*address)) {
    transfer.refused = address;
    return CURL_SOCKET_BAD;
  }
  return socket(target->family, target->socktype | SOCK_CLOEXEC, target->protocol);
}

size_t on_body(const char* data, size_t, size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.too_large = size > transfer.limits.bytes - transfer.fetched.bytes.size();
  if (transfer.too_large) return 0;
  transfer.fetched.bytes.append(data, size);
  return size;
}

// curl calls this at least once a second, also while nothing arrives.
int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

Error failure(ErrorCode code, std::string_view why) {
  return Error{code, fmt::format("cannot be fetched: {}", why), {}};
}

Status check(const std::string& address, const FetchRules& rules) {
  if (!is_web_address(address))
    return Error{ErrorCode::invalid_argument, "must be an http or https address", {}};
  if (rules.none()) return Error{ErrorCode::unsupported, "addresses are not fetched here", {}};
  if (address.size() > kLongestAddress)
    return Error{ErrorCode::too_large,
                 fmt::format("is an address of more than {} bytes", kLongestAddress),
                 {}};
  if (std::any_of(address.begin(), address.end(),
                  [](unsigned char c) { return c <= ' ' || c == 127; }))
    return Error{ErrorCode::invalid_argument, "has spaces or control characters in it", {}};
  return ok_status();
}

void configure(CURL* curl, const std::string& address, Transfer& transfer) {
  const FetchLimits& limits = transfer.limits;
  const auto set = [curl](CURLoption option, auto value) { curl_easy_setopt(curl, option, value); };
  set(CURLOPT_URL, address.c_str());
  set(CURLOPT_PROXY, "");
  set(CURLOPT_OPENSOCKETFUNCTION, on_socket);
  set(CURLOPT_OPENSOCKETDATA, &transfer);
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, limits.redirections);
  // Who started encrypted stays so.
  set(CURLOPT_REDIR_PROTOCOLS_STR, address.starts_with("https:") ? "https" : "http,https");
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_USERAGENT, "helicon");
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  set(CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(limits.whole.count())));
  set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(limits.bytes));
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, on_progress);
  set(CURLOPT_XFERINFODATA, &transfer);
}

// What came of a transfer that ended with `code`.
Status outcome(const Transfer& transfer, CURLcode code, long status, std::string_view words) {
  if (code == CURLE_ABORTED_BY_CALLBACK) return Error{ErrorCode::cancelled, "stopped", {}};
  if (transfer.too_large || code == CURLE_FILESIZE_EXCEEDED)
    return failure(
        ErrorCode::too_large,
        fmt::format("it is larger than the {} bytes that are left for it", transfer.limits.bytes));
  if (transfer.refused && code != CURLE_OK)
    return failure(ErrorCode::unsupported, fmt::format("it leads to {}, which is not asked here",
                                                       to_string(*transfer.refused)));
  switch (code) {
    case CURLE_OK:
    case CURLE_HTTP_RETURNED_ERROR:
      break;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_TOO_MANY_REDIRECTS:
      return failure(ErrorCode::invalid_argument, words);
    default:
      return failure(ErrorCode::network, words);
  }
  if (status / 100 != 2)
    return failure(status / 100 == 5 ? ErrorCode::network : ErrorCode::invalid_argument,
                   fmt::format("the answer is status {}", status));
  if (transfer.fetched.bytes.empty())
    return failure(ErrorCode::invalid_argument, "nothing is in the answer");
  return ok_status();
}

}  // namespace

bool is_web_address(std::string_view address) {
  const auto begins_with = [&](std::string_view scheme) {
    return address.size() >= scheme.size() &&
           std::equal(scheme.begin(), scheme.end(), address.begin(), [](char wanted, char given) {
             return wanted == (given >= 'A' && given <= 'Z' ? given - 'A' + 'a' : given);
           });
  };
  return begins_with("http://") || begins_with("https://");
}

Result<FetchRules> FetchRules::parse(std::string_view text) {
  FetchRules rules;
  rules.public_ = false;
  if (text == "none") return rules;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(',', start), text.size());
    const std::string_view word = text.substr(start, end - start);
    if (word == "public") {
      rules.public_ = true;
    } else if (const auto network = Network::parse(word)) {
      rules.networks_.push_back(*network);
    } else {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("\"{}\" is neither \"public\" nor a network such as 10.0.0.0/8; "
                               "\"none\" stands alone",
                               word),
                   {}};
    }
    start = end + 1;
  }
  return rules;
}

bool FetchRules::allow(const Address& address) const {
  return (public_ && is_public(address)) ||
         std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& network) { return network.holds(address); });
}

Result<Fetched> guarded_fetch(const std::string& address, const FetchRules& rules,
                              const FetchLimits& limits, const std::stop_token& stop) {
  HELICON_TRY(check(address, rules));
  const Curl curl = new_curl();
  if (!curl) return Error{ErrorCode::out_of_memory, "libcurl cannot be set up", {}};
  Transfer transfer{rules, limits, stop, {}, false, {}};
  configure(curl.get(), address, transfer);
  char buffer[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, buffer);
  const CURLcode code = curl_easy_perform(curl.get());
  HELICON_TRY(outcome(transfer, code, status_of(curl.get()), words_of(buffer, code)));
  const char* type = nullptr;
  if (curl_easy_getinfo(curl.get(), CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != nullptr) {
    const std::string_view whole = type;
    transfer.fetched.type = whole.substr(0, whole.find_first_of("; "));
  }
  return std::move(transfer.fetched);
}

}  // namespace helicon::net
