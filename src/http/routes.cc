#include "http/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "http/error.h"
#include "http/utf8.h"

namespace helicon::http {
namespace {

struct Route {
  std::string_view method;
  std::string_view path;  // with a slash at its end: and anything below it
  Handler handler;
};

constexpr Route routes[] = {
    {"POST", "/v1/chat/completions", chat_completion},
    {"GET", "/v1/models", list_models},
    {"GET", model_path, show_model},
    {"GET", "/health", health},
};

bool matches(const Route& route, std::string_view path) {
  return route.path.ends_with('/') ? path.size() > route.path.size() && path.starts_with(route.path)
                                   : path == route.path;
}

Reply http_error(int status, std::string_view code, std::string_view message) {
  return json_reply(status, error_body({status, "invalid_request_error", code}, message));
}

// What may be asked of a path: handlers by method, or no row at all.
std::vector<Route> routes_of(std::string_view path, const Services& services) {
  std::vector<Route> found;
  for (const Route& route : routes) {
    if (matches(route, path)) found.push_back(route);
  }
  if (found.empty() && services.options.find_asset(path) != nullptr) {
    found.push_back({"GET", path, page});
  }
  return found;
}

std::string allowed_methods(const std::vector<Route>& found) {
  std::string allow;
  for (const Route& route : found) {
    allow += route.method == "GET" ? std::string("GET, HEAD") : std::string(route.method);
    allow += ", ";
  }
  return allow + "OPTIONS";
}

Reply options_reply(const Request& request, const std::string& allow, bool cross_origin) {
  Reply reply;
  reply.status = 204;
  reply.headers = {{"Allow", allow}};
  if (!cross_origin || request.header("access-control-request-method").empty()) return reply;
  reply.headers.push_back({"Access-Control-Allow-Methods", allow});
  if (const std::string_view wanted = request.header("access-control-request-headers");
      !wanted.empty()) {
    reply.headers.push_back({"Access-Control-Allow-Headers", std::string(wanted)});
  }
  if (request.header("access-control-request-private-network") == "true") {
    reply.headers.push_back({"Access-Control-Allow-Private-Network", "true"});
  }
  reply.headers.push_back({"Access-Control-Max-Age", "600"});
  return reply;
}

// "application/json", with or without parameters.
bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type == "application/json";
}

}  // namespace

Admission admit(const Request& request, const Services& services) {
  Admission admission;
  const auto refuse = [&](Reply reply) {
    admission.refusal = std::move(reply);
    return std::move(admission);
  };
  const OriginPolicy& policy = services.options.policy;
  if (!host_is_allowed(request.host, request.local_address, policy)) {
    return refuse(http_error(
        403, "host_not_allowed",
        fmt::format(
            "this server does not go by the name \"{}\"; start it with --allow-host to add a "
            "name",
            quotable(request.host))));
  }
  const std::string_view origin = request.header("origin");
  const OriginVerdict verdict = judge_origin(origin, request.host, policy);
  if (verdict == OriginVerdict::refused) {
    return refuse(http_error(
        403, "origin_not_allowed",
        fmt::format("pages of {} may not use this server; start it with --allow-origin to let them",
                    quotable(origin))));
  }
  const bool cross_origin = verdict == OriginVerdict::allowed;
  if (cross_origin) {
    admission.cors = {{"Access-Control-Allow-Origin", std::string(origin)}};
  }
  if (!policy.origins.empty()) admission.cors.push_back({"Vary", "Origin"});

  const std::vector<Route> found = routes_of(request.path, services);
  if (found.empty()) {
    return refuse(
        http_error(404, "not_found", fmt::format("there is no {}", quotable(request.path))));
  }
  const std::string allow = allowed_methods(found);
  if (request.method == "OPTIONS") return refuse(options_reply(request, allow, cross_origin));
  const std::string_view asked = request.method;
  const std::string_view method = asked == "HEAD" ? "GET" : asked;
  const auto route =
      std::find_if(found.begin(), found.end(), [&](const Route& r) { return r.method == method; });
  if (route == found.end()) {
    Reply reply = http_error(405, "method_not_allowed",
                             fmt::format("{} takes {}, not {}", quotable(request.path), allow,
                                         quotable(request.method)));
    reply.headers.push_back({"Allow", allow});
    return refuse(std::move(reply));
  }
  if (method == "POST" && !is_json(request.header("content-type"))) {
    return refuse(http_error(415, "unsupported_media_type",
                             fmt::format("Content-Type: must be application/json, not \"{}\"",
                                         quotable(request.header("content-type")))));
  }
  admission.handler = route->handler;
  return admission;
}

}  // namespace helicon::http
