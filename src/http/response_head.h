// From our Reply to the head of Beast's response. Only for connection.cc, as it includes Beast.
#pragma once

#include <fmt/chrono.h>

#include <boost/beast/http/message.hpp>
#include <chrono>
#include <vector>

#include "http/exchange.h"

namespace helicon::http {

// Status, the reply's headers and the connection's, and those that every answer carries.
template <typename Body>
void fill_head(boost::beast::http::response<Body>& response, const Reply& reply,
               const std::vector<Header>& more, unsigned version, bool keep_alive) {
  response.version(version);
  response.result(static_cast<unsigned>(reply.status));
  response.set("Date", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                                   fmt::gmtime(std::chrono::system_clock::now())));
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  for (const Header& header : reply.headers) response.insert(header.name, header.value);
  for (const Header& header : more) response.insert(header.name, header.value);
  response.keep_alive(keep_alive);
}

}  // namespace helicon::http
