#include "http/request_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/beast/core/string.hpp>
#include <string_view>

#include "http/error.h"
#include "http/utf8.h"

namespace helicon::http {
namespace {

namespace beast = boost::beast;
using Field = beast::http::field;

Reply bad_request(std::string message) {
  return error_reply({ErrorCode::invalid_argument, std::move(message), {}});
}

std::string as_string(beast::string_view text) { return {text.data(), text.size()}; }

// RFC 9112, 3.2: "/path?query", or with scheme and authority before it, which then stands for the
// Host header.
bool take_target(std::string_view target, Request& request) {
  constexpr std::string_view scheme = "http://";
  if (target.starts_with(scheme)) {
    target.remove_prefix(scheme.size());
    const size_t end = std::min(target.find_first_of("/?"), target.size());
    request.host = target.substr(0, end);
    target.remove_prefix(end);
    if (target.empty()) target = "/";
    if (request.host.empty() || request.host.find('@') != std::string::npos) return false;
  }
  if (!target.starts_with('/')) return false;
  request.path = target.substr(0, target.find('?'));
  return true;
}

}  // namespace

std::optional<Reply> take_head(const RequestParser& parser, Request& request) {
  const auto& head = parser.get();
  request.method = as_string(head.method_string());
  for (const auto& field : head) {
    std::string name = as_string(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    request.headers.push_back({std::move(name), as_string(field.value())});
  }
  request.host = as_string(head[Field::host]);

  if (head.version() != 10 && head.version() != 11) {
    return json_reply(505, error_body({505, "invalid_request_error", "http_version"},
                                      "only HTTP/1.0 and HTTP/1.1 are spoken here"));
  }
  if (head.count(Field::host) != 1) {
    return bad_request(
        fmt::format("Host: must be given once, not {} times", head.count(Field::host)));
  }
  if (head.version() == 11 && head.count(Field::expect) > 0 &&
      !beast::iequals(head[Field::expect], "100-continue")) {
    return json_reply(417, error_body({417, "invalid_request_error", "expectation_failed"},
                                      "Expect: only \"100-continue\" is supported"));
  }
  const std::string target = as_string(head.target());
  if (!take_target(target, request)) {
    return bad_request(
        fmt::format("the request's target must be a path, not \"{}\"", quotable(target)));
  }
  if (head.count(Field::transfer_encoding) > 0 && !parser.chunked()) {
    return bad_request("Transfer-Encoding: only \"chunked\" is supported");
  }
  return std::nullopt;
}

std::optional<Reply> unreadable(boost::system::error_code failure, uint64_t body_limit,
                                uint32_t header_limit) {
  using HttpError = beast::http::error;
  if (failure == HttpError::body_limit) {
    return error_reply({ErrorCode::too_large,
                        fmt::format("the body is over the limit of {} bytes", body_limit),
                        {}});
  }
  if (failure == HttpError::header_limit || failure == HttpError::buffer_overflow) {
    return json_reply(
        431, error_body({431, "invalid_request_error", "headers_too_large"},
                        fmt::format("the headers are over the limit of {} bytes", header_limit)));
  }
  if (failure == boost::asio::error::timed_out) {
    return json_reply(408, error_body({408, "invalid_request_error", "timeout"},
                                      "the request did not arrive in time"));
  }
  if (failure == boost::asio::error::no_buffer_space) {
    return error_reply(
        {ErrorCode::overloaded, "too many large requests at once; try again later", {}});
  }
  // Hung up in the middle, or the connection broke.
  if (failure == HttpError::end_of_stream || failure == HttpError::partial_message ||
      failure.category() != make_error_code(HttpError::bad_method).category()) {
    return std::nullopt;
  }
  return bad_request(fmt::format("not a valid HTTP request: {}", failure.message()));
}

}  // namespace helicon::http
