// From Beast's parser to our Request, with what the parser leaves open decided. Only for
// connection.cc, as it includes Beast.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string>

#include "http/exchange.h"

namespace helicon::http {

using RequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

// Fills in method, path, host and headers. Gives the refusal of a head that is ambiguous or not
// of HTTP/1: a wrong version, target, Host or Expect, or a transfer coding that hides the body's
// end.
std::optional<Reply> take_head(const RequestParser& parser, Request& request);

// The answer to what could not be read; nothing where there is no one to answer. Besides Beast's
// errors: timed_out, and no_buffer_space where all requests together are too large.
std::optional<Reply> unreadable(boost::system::error_code error, uint64_t body_limit,
                                uint32_t header_limit);

}  // namespace helicon::http
