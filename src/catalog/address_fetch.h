// Fetches a file from an http:// or https:// address, taking up what is already there.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "catalog/meter.h"
#include "catalog/partial_file.h"

namespace helicon::catalog {

// Appends to `partial` until it has `bytes` bytes. A connection that drops is taken up again with a
// Range; a server that cannot do that sends all of it once more. Proxies and certificates are those
// of the environment (https_proxy, no_proxy, SSL_CERT_FILE, SSL_CERT_DIR, CURL_CA_BUNDLE).
// Errors: network (after `stall` without a byte, too), checksum (the server's file has another
// size), no_space, io, cancelled.
Status fetch_address(const std::string& address, std::uint64_t bytes, PartialFile& partial,
                     Meter& meter, std::chrono::seconds stall, std::stop_token stop);

}  // namespace helicon::catalog
