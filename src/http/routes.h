// The route table, and what is decided of a request before its body is read.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "http/services.h"

namespace helicon::http {

using Handler = Awaitable<void> (*)(Exchange& exchange, Services& services);

Awaitable<void> chat_completion(Exchange& exchange, Services& services);
Awaitable<void> list_models(Exchange& exchange, Services& services);
Awaitable<void> show_model(Exchange& exchange, Services& services);
Awaitable<void> health(Exchange& exchange, Services& services);
Awaitable<void> page(Exchange& exchange, Services& services);

constexpr std::string_view model_path = "/v1/models/";

struct Admission {
  Handler handler = nullptr;
  Reply refusal;             // where there is no handler: an error, or the answer to OPTIONS
  std::vector<Header> cors;  // for whatever is answered
};

// Host, origin, path, method, and media type, in this order.
Admission admit(const Request& request, const Services& services);

}  // namespace helicon::http
