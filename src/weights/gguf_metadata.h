// The key-value section of a GGUF file.
#pragma once

#include "base/result.h"
#include "weights/byte_cursor.h"
#include "weights/model_file.h"

namespace helicon::weights {

// The fewest bytes a key and its value can take: length, one letter, type, one byte.
constexpr size_t min_key_bytes = 8 + 1 + 4 + 1;

// Reads `count` keys. Errors: corrupt (unknown types, duplicate keys, counts that cannot be),
// unsupported (arrays of arrays); each names the key.
Result<Metadata> read_metadata(ByteCursor& cursor, size_t count);

}  // namespace helicon::weights
