#include "weights/gguf_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>

#include "weights/quoted_name.h"

namespace helicon::weights {
namespace {

struct Entry {
  TensorView tensor;
  uint64_t offset = 0;  // from the start of the data
};

// Bytes of a tensor; nothing if that does not fit 64 bits.
std::optional<uint64_t> checked_bytes(const std::vector<uint64_t>& shape,
                                      const tensor::ElementTypeInfo& type) {
  uint64_t elements = 1;
  for (const uint64_t dimension : shape) {
    if (__builtin_mul_overflow(elements, dimension, &elements)) return std::nullopt;
  }
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(elements / type.block_elements, type.block_bytes, &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

Result<std::vector<uint64_t>> read_shape(ByteCursor& cursor) {
  HELICON_ASSIGN(const uint32_t dimensions, cursor.read<uint32_t>());
  if (dimensions < 1 || dimensions > 4) {
    return cursor.error(ErrorCode::corrupt,
                        fmt::format("has {} dimensions, not 1 to 4", dimensions));
  }
  std::vector<uint64_t> shape(dimensions);
  for (uint32_t i = 0; i < dimensions; ++i) {
    HELICON_ASSIGN(shape[dimensions - 1 - i], cursor.read<uint64_t>());  // GGUF: innermost first
  }
  if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) {
    return cursor.error(ErrorCode::corrupt, "has a dimension of 0");
  }
  return shape;
}

Result<Entry> read_entry(ByteCursor& cursor, size_t alignment) {
  HELICON_ASSIGN(const std::string_view name, cursor.read_string());
  if (name.empty()) return cursor.error(ErrorCode::corrupt, "has an empty name");
  cursor.now_reading(fmt::format("tensor {}", quoted_name(name)));
  Entry entry;
  entry.tensor.name = name;
  HELICON_ASSIGN(entry.tensor.shape, read_shape(cursor));

  HELICON_ASSIGN(const uint32_t type_number, cursor.read<uint32_t>());
  const auto type = tensor::element_type_info(type_number);
  if (!type) {
    return cursor.error(
        ErrorCode::unsupported,
        fmt::format("element type {} is not supported", tensor::element_type_name(type_number)));
  }
  entry.tensor.type = type->type;
  const uint64_t columns = entry.tensor.shape.back();
  if (columns % type->block_elements != 0) {
    return cursor.error(ErrorCode::corrupt,
                        fmt::format("rows of {} elements are no whole number of {} blocks of {}",
                                    columns, type->name, type->block_elements));
  }
  const auto bytes = checked_bytes(entry.tensor.shape, *type);
  if (!bytes) return cursor.error(ErrorCode::corrupt, "dimensions overflow 64 bits");
  entry.tensor.bytes = *bytes;

  HELICON_ASSIGN(entry.offset, cursor.read<uint64_t>());
  if (entry.offset % alignment != 0) {
    return cursor.error(
        ErrorCode::corrupt,
        fmt::format("offset {} is no multiple of the alignment {}", entry.offset, alignment));
  }
  return entry;
}

// The first two tensors, in order of offset, that share bytes.
Status check_overlaps(ByteCursor& cursor, const std::vector<Entry>& entries) {
  std::vector<const Entry*> by_offset;
  by_offset.reserve(entries.size());
  for (const Entry& entry : entries) by_offset.push_back(&entry);
  std::sort(by_offset.begin(), by_offset.end(),
            [](const Entry* a, const Entry* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < by_offset.size(); ++i) {
    const Entry& before = *by_offset[i - 1];
    if (before.offset + before.tensor.bytes > by_offset[i]->offset) {
      cursor.now_reading(fmt::format("tensor {}", quoted_name(before.tensor.name)));
      return cursor.error(ErrorCode::corrupt, fmt::format("overlaps tensor {}",
                                                          quoted_name(by_offset[i]->tensor.name)));
    }
  }
  return ok_status();
}

}  // namespace

Result<std::vector<TensorView>> read_tensors(ByteCursor& cursor, size_t count, size_t alignment,
                                             std::span<const std::byte> file) {
  std::vector<Entry> entries;
  entries.reserve(count);
  std::unordered_set<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    cursor.now_reading(fmt::format("tensor {} of {}", i + 1, count));
    HELICON_ASSIGN(Entry entry, read_entry(cursor, alignment));
    if (!names.insert(entry.tensor.name).second) {
      return cursor.error(ErrorCode::corrupt, "appears twice");
    }
    entries.push_back(std::move(entry));
  }

  const size_t padding = (alignment - cursor.position() % alignment) % alignment;
  const size_t data_begin = std::min(cursor.position() + padding, file.size());
  const std::span<const std::byte> data = file.subspan(data_begin);
  for (Entry& entry : entries) {
    if (entry.offset > data.size() || entry.tensor.bytes > data.size() - entry.offset) {
      cursor.now_reading(fmt::format("tensor {}", quoted_name(entry.tensor.name)));
      return cursor.error(ErrorCode::corrupt,
                          fmt::format("needs {} bytes at offset {} of the data, which has {}",
                                      entry.tensor.bytes, entry.offset, data.size()));
    }
    entry.tensor.data = data.data() + entry.offset;
  }
  HELICON_TRY(check_overlaps(cursor, entries));

  std::vector<TensorView> tensors;
  tensors.reserve(count);
  for (Entry& entry : entries) tensors.push_back(std::move(entry.tensor));
  return tensors;
}

}  // namespace helicon::weights
