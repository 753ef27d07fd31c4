#include "http/error.h"

#include <boost/json.hpp>
#include <cstddef>
#include <iterator>

#include "http/utf8.h"

namespace helicon::http {
namespace {

constexpr std::string_view invalid_request = "invalid_request_error";
constexpr std::string_view server_error = "server_error";

struct Row {
  ErrorCode code;
  ErrorStatus status;
};

// The codes are OpenAI's where it has one for the case, and otherwise our own words.
constexpr Row rows[] = {
    {ErrorCode::invalid_argument, {400, invalid_request, "invalid_argument"}},
    {ErrorCode::not_found, {404, invalid_request, "not_found"}},
    {ErrorCode::unsupported, {400, invalid_request, "unsupported"}},
    {ErrorCode::corrupt, {422, invalid_request, "corrupt"}},
    {ErrorCode::too_large, {413, invalid_request, "too_large"}},
    {ErrorCode::context_length, {400, invalid_request, "context_length_exceeded"}},
    {ErrorCode::out_of_memory, {503, server_error, "out_of_memory"}},
    {ErrorCode::no_space, {507, server_error, "no_space"}},
    {ErrorCode::io, {500, server_error, "io"}},
    {ErrorCode::network, {502, server_error, "network"}},
    {ErrorCode::checksum, {500, server_error, "checksum"}},
    {ErrorCode::overloaded, {503, server_error, "overloaded"}},
    {ErrorCode::cancelled, {503, server_error, "cancelled"}},
    {ErrorCode::internal, {500, server_error, "internal"}},
};

constexpr bool rows_are_in_order() {
  for (size_t i = 0; i < std::size(rows); ++i) {
    if (static_cast<size_t>(rows[i].code) != i) return false;
  }
  return std::size(rows) == static_cast<size_t>(ErrorCode::internal) + 1;
}
static_assert(rows_are_in_order(), "one row for each ErrorCode, in its order");

}  // namespace

const ErrorStatus& error_status(ErrorCode code) { return rows[static_cast<size_t>(code)].status; }

std::string error_body(const ErrorStatus& status, std::string_view message,
                       std::string_view parameter) {
  boost::json::object error;
  error["message"] = valid_utf8(message);
  error["type"] = status.type;
  error["param"] =
      parameter.empty() ? boost::json::value(nullptr) : boost::json::value(valid_utf8(parameter));
  error["code"] = status.code;
  boost::json::object envelope;
  envelope["error"] = std::move(error);
  return boost::json::serialize(envelope);
}

std::string error_body(const Error& error) {
  return error_body(error_status(error.code), error.message, error.parameter);
}

}  // namespace helicon::http
