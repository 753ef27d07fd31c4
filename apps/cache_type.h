// --cache-type, which several verbs have.
#pragma once

#include <CLI/CLI.hpp>

#include "kernels/attention_tile.h"

namespace helicon::apps {

// Sets `type`; its value before is the default.
void add_cache_type(CLI::App& verb, kernels::KeyValueType& type);

}  // namespace helicon::apps
