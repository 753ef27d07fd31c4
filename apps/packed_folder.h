// Where packed weights are kept between starts.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace helicon::apps {

// packed/ in the cache folder, which may be deleted at any time; empty, for nowhere, where
// HELICON_KEEP_PACKED is "no". Errors: invalid_argument for other values, or without any home.
Result<std::filesystem::path> packed_folder();

}  // namespace helicon::apps
