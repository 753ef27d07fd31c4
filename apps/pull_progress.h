// Pulling a model with its progress shown: a bar on a terminal, lines elsewhere, JSON for programs.
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

// One line of the bar, `columns` wide at most: name, bar, percentage, bytes, rate, time left.
std::string progress_bar(const std::string& name, const catalog::Progress& progress,
                         size_t columns);

}  // namespace helicon::apps
