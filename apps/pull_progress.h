// Pulling a model with its progress shown.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "catalog/catalog.h"

namespace helicon::apps {

// Progress goes to standard error, or as JSON lines to standard output. Ctrl-C stops it with
// `cancelled`, whose message says what is kept. Other errors: those of Catalog::pull().
Result<std::filesystem::path> pull_with_progress(
    const catalog::Catalog& catalog, const std::string& name, bool json,
    catalog::Verify verify = catalog::Verify::if_changed);

}  // namespace helicon::apps
