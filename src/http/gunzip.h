// Gzip undone, for the few clients that do not take the page's files compressed.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace helicon::http {

// One member of a gzip file (RFC 1952) whose contents we made ourselves; at most 64 MiB.
Result<std::string> gunzip(std::string_view bytes);

}  // namespace helicon::http
