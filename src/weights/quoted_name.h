// Names out of a file, made fit for an error message of one line.
#pragma once

#include <string>
#include <string_view>

namespace helicon::weights {

// 'name', with control characters, quotes, backslashes and bytes beyond ASCII escaped as \x0A, and
// cut after 100 bytes.
std::string quoted_name(std::string_view name);

}  // namespace helicon::weights
