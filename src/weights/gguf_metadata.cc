#include "weights/gguf_metadata.h"

#include <fmt/format.h>

#include <iterator>

#include "weights/quoted_name.h"

namespace helicon::weights {
namespace {

// One value of a kind as stored, checked.
template <typename Stored>
Result<Stored> read_one(ByteCursor& cursor) {
  return cursor.read<Stored>();
}

template <>
Result<bool> read_one<bool>(ByteCursor& cursor) {
  HELICON_ASSIGN(const uint8_t value, cursor.read<uint8_t>());
  if (value > 1) {
    return cursor.error(ErrorCode::corrupt,
                        fmt::format("a boolean is 0 or 1, this one is {}", value));
  }
  return value == 1;
}

template <>
Result<std::string> read_one<std::string>(ByteCursor& cursor) {
  HELICON_ASSIGN(const std::string_view text, cursor.read_string());
  return std::string(text);
}

template <typename Stored, typename Kept>
Result<MetadataValue> read_scalar(ByteCursor& cursor) {
  HELICON_ASSIGN(Stored value, read_one<Stored>(cursor));
  return MetadataValue(std::in_place_type<Kept>, std::move(value));
}

template <typename Stored, typename Kept>
Result<MetadataValue> read_array(ByteCursor& cursor) {
  constexpr size_t min_bytes = std::is_arithmetic_v<Stored> ? sizeof(Stored) : sizeof(uint64_t);
  HELICON_ASSIGN(const size_t count, cursor.read_count(min_bytes, "elements"));
  std::vector<Kept> values;
  values.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    HELICON_ASSIGN(Stored value, read_one<Stored>(cursor));
    values.push_back(std::move(value));
  }
  return MetadataValue(std::move(values));
}

struct Reader {
  Result<MetadataValue> (*scalar)(ByteCursor& cursor);
  Result<MetadataValue> (*array)(ByteCursor& cursor);
};

template <typename Stored, typename Kept>
constexpr Reader reader = {read_scalar<Stored, Kept>, read_array<Stored, Kept>};

// By GGUF's number of the type (specification, gguf_metadata_value_type).
constexpr uint32_t array_type = 9;
constexpr Reader readers[] = {
    reader<uint8_t, uint64_t>, reader<int8_t, int64_t>,    reader<uint16_t, uint64_t>,
    reader<int16_t, int64_t>,  reader<uint32_t, uint64_t>, reader<int32_t, int64_t>,
    reader<float, double>,     reader<bool, bool>,         reader<std::string, std::string>,
    {nullptr, nullptr},        reader<uint64_t, uint64_t>, reader<int64_t, int64_t>,
    reader<double, double>,
};

Result<MetadataValue> read_value(ByteCursor& cursor) {
  HELICON_ASSIGN(const uint32_t type, cursor.read<uint32_t>());
  if (type >= std::size(readers)) {
    return cursor.error(ErrorCode::corrupt, fmt::format("there is no value type {}", type));
  }
  if (type != array_type) return readers[type].scalar(cursor);
  HELICON_ASSIGN(const uint32_t element_type, cursor.read<uint32_t>());
  if (element_type >= std::size(readers)) {
    return cursor.error(ErrorCode::corrupt,
                        fmt::format("an array of type {}, which does not exist", element_type));
  }
  if (element_type == array_type) {
    return cursor.error(ErrorCode::unsupported, "arrays of arrays are not supported");
  }
  return readers[element_type].array(cursor);
}

}  // namespace

Result<Metadata> read_metadata(ByteCursor& cursor, size_t count) {
  Metadata metadata;
  for (size_t i = 0; i < count; ++i) {
    cursor.now_reading(fmt::format("metadata key {} of {}", i + 1, count));
    HELICON_ASSIGN(const std::string_view key, cursor.read_string());
    if (key.empty()) return cursor.error(ErrorCode::corrupt, "has an empty name");
    cursor.now_reading(fmt::format("metadata key {}", quoted_name(key)));
    if (metadata.contains(key)) return cursor.error(ErrorCode::corrupt, "appears twice");
    HELICON_ASSIGN(MetadataValue value, read_value(cursor));
    metadata.set(std::string(key), std::move(value));
  }
  return metadata;
}

}  // namespace helicon::weights
