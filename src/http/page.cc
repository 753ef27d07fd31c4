// GET of the page's files
#include <algorithm>
#include <string>
#include <string_view>

#include "http/gunzip.h"
#include "http/routes.h"

namespace helicon::http {
namespace {

// All comes from here, and nothing can be framed. Maths is set with style attributes.
constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src blob:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls found(element) for each element of a comma-separated header.
template <typename F>
bool any_element(std::string_view list, F found) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    if (found(trimmed(list.substr(0, end)))) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// RFC 9110, 12.5.3; a weight of zero is a refusal.
bool accepts_gzip(std::string_view accept_encoding) {
  return any_element(accept_encoding, [](std::string_view element) {
    const size_t end = std::min(element.find(';'), element.size());
    const std::string_view coding = trimmed(element.substr(0, end));
    if (coding != "gzip" && coding != "*") return false;
    std::string_view weight = trimmed(element.substr(std::min(end + 1, element.size())));
    if (!weight.starts_with("q=")) return true;
    weight.remove_prefix(2);
    return weight.find_first_not_of("0.") != std::string_view::npos;
  });
}

bool matches(std::string_view if_none_match, std::string_view etag) {
  return any_element(if_none_match, [&](std::string_view element) {
    if (element.starts_with("W/")) element.remove_prefix(2);
    return element == etag || element == "*";
  });
}

}  // namespace

Awaitable<void> page(Exchange& exchange, Services& services) {
  const Request& request = exchange.request();
  const WebAsset* asset = services.options.find_asset(request.path);
  if (asset == nullptr)
    co_return co_await exchange.send(error_reply({ErrorCode::not_found, "gone", {}}));

  const bool gzip = asset->gzip && accepts_gzip(request.header("accept-encoding"));
  // Two encodings are two representations, and each needs a tag of its own (RFC 9110, 8.8.3.3).
  std::string etag(asset->etag);
  if (asset->gzip && !gzip && !etag.empty()) etag.insert(etag.size() - 1, "-plain");
  // Names under /assets/ carry a hash of their contents.
  const bool lasting = asset->path.starts_with("/assets/");
  Reply reply;
  reply.headers = {{"ETag", etag},
                   {"Cache-Control", lasting ? "public, max-age=31536000, immutable" : "no-cache"},
                   {"Content-Security-Policy", std::string(content_security_policy)},
                   {"Cross-Origin-Opener-Policy", "same-origin"},
                   {"X-Frame-Options", "DENY"}};
  if (asset->gzip) reply.headers.push_back({"Vary", "Accept-Encoding"});
  if (matches(request.header("if-none-match"), etag)) {
    reply.status = 304;
    co_return co_await exchange.send(std::move(reply));
  }
  reply.headers.push_back({"Content-Type", std::string(asset->content_type)});
  if (gzip) reply.headers.push_back({"Content-Encoding", "gzip"});
  if (asset->gzip && !gzip) {
    Result<std::string> contents = gunzip(asset->bytes);
    if (!contents.ok()) co_return co_await exchange.send(error_reply(contents.error()));
    reply.body = *std::move(contents);
  } else {
    reply.lasting_body = asset->bytes;
  }
  co_await exchange.send(std::move(reply));
}

}  // namespace helicon::http
