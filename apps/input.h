// What the verbs read: files, standard input, and whether it is text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace helicon::apps {

// A file for reading. Errors: not_found, io; each names the path.
Result<Descriptor> open_input(const std::string& path);

// The bytes of a file, or of standard input where `path` is "-". Errors: not_found, io, too_large;
// each names the path.
Result<std::string> read_input(const std::string& path, size_t limit = size_t{256} << 20);

// Error: invalid_argument, saying that `what` ("the prompt") is not UTF-8, and from which byte on.
Status check_utf8(std::string_view text, std::string_view what);

// `error` with "NAME: " before its message: what was found in a file names that file.
Error in(std::string_view name, Error error);

}  // namespace helicon::apps
