// Fetches files from addresses that strangers name, without becoming their way into this network.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/network.h"

namespace helicon::net {

// Whom to ask. Judged is the address that is about to be connected to, after names were resolved
// and at every redirection: a name that changes its mind in between wins nothing.
class FetchRules {
 public:
  // "public", "none", or with private networks: "public,10.1.0.0/16,::1". Errors: invalid_argument.
  static Result<FetchRules> parse(std::string_view text);

  bool allow(const Address& address) const;
  bool none() const { return !public_ && networks_.empty(); }

 private:
  bool public_ = true;
  std::vector<Network> networks_;
};

struct FetchLimits {
  size_t bytes = 32 << 20;
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds whole{60'000};
  long redirections = 5;
};

struct Fetched {
  std::string bytes;
  std::string type;  // as the server calls it: "image/png"; or empty
};

// Whether it begins with http:// or https://, in letters of either case (RFC 3986, section 3.1).
bool is_web_address(std::string_view address);

// Proxies of the environment are not used: who connects for us would not be judged. Nothing is
// unzipped on the way. Errors: invalid_argument (no http or https address, a 4xx answer, nothing in
// it), unsupported (an address that the rules do not allow), too_large, network, cancelled.
Result<Fetched> guarded_fetch(const std::string& address, const FetchRules& rules,
                              const FetchLimits& limits, const std::stop_token& stop);

}  // namespace helicon::net
