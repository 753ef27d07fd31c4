// Who may talk to the server from a browser: the Host and Origin headers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace helicon::http {

struct OriginPolicy {
  std::vector<std::string> hosts;    // names this server may be called, besides its own; "*": any
  std::vector<std::string> origins;  // "https://app.example" that may use it; "*": any
};

// Against DNS rebinding: a page of evil.example whose name is made to resolve to this machine still
// sends its own name as Host. Right are localhost, addresses of the loopback network, the address
// that was reached, and the names in the policy; ports do not matter.
bool host_is_allowed(std::string_view host, std::string_view local_address,
                     const OriginPolicy& policy);

enum class OriginVerdict {
  same,     // no browser, or a page that this server itself gave out
  allowed,  // a page from elsewhere that the policy names
  refused,
};
// `origin` is the Origin header, empty where there is none; `host` was found right before.
OriginVerdict judge_origin(std::string_view origin, std::string_view host,
                           const OriginPolicy& policy);

}  // namespace helicon::http
