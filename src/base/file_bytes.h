// Open files and their bytes: from the one to the other.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace helicon {

// A file of these bytes that lies in memory alone, open at its beginning. Errors: io.
Result<Descriptor> memory_file(std::string_view bytes);

// Hands out all bytes of an open file, wherever it stands, piece by piece; it is left there.
// Errors: io, and those of `take`, which end it.
Status read_pieces(int file, const std::function<Status(std::string_view)>& take);
// All of them together. Errors: io; too_large (over `most` bytes).
Result<std::string> read_whole(int file, size_t most);
// Those from where it stands to its end: of a pipe, all. Errors: the same.
Result<std::string> read_rest(int file, size_t most);

}  // namespace helicon
