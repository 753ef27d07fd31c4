#include "net/curl.h"

#include "base/paths.h"

namespace helicon::net {

Curl new_curl() {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized != CURLE_OK) return nullptr;
  Curl curl(curl_easy_init());
  if (!curl) return nullptr;
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"})
    if (const auto file = environment_variable(name))
      curl_easy_setopt(curl.get(), CURLOPT_CAINFO, file->c_str());
  if (const auto folder = environment_variable("SSL_CERT_DIR"))
    curl_easy_setopt(curl.get(), CURLOPT_CAPATH, folder->c_str());
  return curl;
}

long status_of(CURL* curl) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::string_view words_of(const char* buffer, CURLcode code) {
  return buffer[0] != '\0' ? buffer : curl_easy_strerror(code);
}

}  // namespace helicon::net
