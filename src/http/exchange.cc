#include "http/exchange.h"

#include "http/error.h"

namespace helicon::http {

std::string_view Request::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

Reply json_reply(int status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "application/json"},
                   {"Cache-Control", "no-store"},
                   {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"}};
  reply.body = std::move(body);
  return reply;
}

Reply error_reply(const Error& error) {
  const int status = error_status(error.code).status;
  Reply reply = json_reply(status, error_body(error));
  if (status == 503) reply.headers.push_back({"Retry-After", "1"});
  return reply;
}

}  // namespace helicon::http
