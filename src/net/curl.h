// What all who use libcurl share.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string_view>

namespace helicon::net {

struct CurlCleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, CurlCleanup>;

// A handle that speaks http and https alone, raises no signals, and trusts the certificates that
// the environment names (SSL_CERT_FILE, SSL_CERT_DIR, CURL_CA_BUNDLE): the curl program reads these
// variables, its library does not. Null where libcurl cannot be set up.
Curl new_curl();

// The status of the last response, or 0 before there is one.
long status_of(CURL* curl);

// The words of `buffer` (CURLOPT_ERRORBUFFER), or what the code means in general.
std::string_view words_of(const char* buffer, CURLcode code);

}  // namespace helicon::net
