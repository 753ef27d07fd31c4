// The page's files, built by web/ and kept inside the binary.
#pragma once

#include <span>
#include <string_view>

namespace helicon::http {

struct WebAsset {
  std::string_view path;          // "/index.html", "/assets/index-3f2a.js"
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view bytes;         // gzip-compressed where `gzip` is set
  std::string_view etag;          // quoted, a hash of the contents
  bool gzip = false;
};

std::span<const WebAsset> web_assets();
// nullptr: no such file. "/" is "/index.html".
const WebAsset* find_web_asset(std::string_view path);

}  // namespace helicon::http
