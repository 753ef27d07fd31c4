#include "weights/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "weights/json_document.h"
#include "weights/quoted_name.h"

namespace helicon::weights {
namespace {

namespace json = boost::json;

// Six times what the header of a model of 50,000 tensors takes.
constexpr size_t kMostHeaderBytes = size_t{32} << 20;
constexpr size_t kMostDimensions = 8;

struct Dtype {
  std::string_view name;
  tensor::ElementType type;
};
// Bytes are known as pairs of numbers of four bits only, which a row then has twice as many of.
constexpr Dtype kDtypes[] = {
    {"F32", tensor::ElementType::f32},    {"F16", tensor::ElementType::f16},
    {"BF16", tensor::ElementType::bf16},  {"F8_E4M3", tensor::ElementType::f8_e4m3},
    {"U8", tensor::ElementType::f4_e2m1},
};

struct Entry {
  TensorView tensor;
  uint64_t begin = 0, end = 0;  // in the data
};

// An entry of the header, and how errors call it.
class EntryReader {
 public:
  EntryReader(const std::string& file, json::string_view name)
      : where_(fmt::format("{}: tensor {}", file, quoted_name({name.data(), name.size()}))) {}

  Error error(ErrorCode code, std::string_view problem) const {
    return {code, fmt::format("{} {}", where_, problem), {}};
  }

  // The field's numbers, at most `most` of them.
  Result<std::vector<uint64_t>> numbers(const json::object& fields, std::string_view field,
                                        size_t most) const {
    const json::value* value = fields.if_contains(field);
    const json::array* array = value ? value->if_array() : nullptr;
    if (!array || array->size() > most)
      return error(ErrorCode::corrupt,
                   fmt::format("has no '{}' of at most {} numbers", field, most));
    std::vector<uint64_t> numbers;
    for (const json::value& one : *array) {
      const int64_t* number = one.if_int64();  // all that fit 63 bits
      if (!number || *number < 0)
        return error(ErrorCode::corrupt,
                     fmt::format("has something in '{}' that is no size of 63 bits", field));
      numbers.push_back(static_cast<uint64_t>(*number));
    }
    return numbers;
  }

  Result<tensor::ElementType> type(const json::object& fields) const {
    const json::value* value = fields.if_contains("dtype");
    const json::string* name = value ? value->if_string() : nullptr;
    if (!name) return error(ErrorCode::corrupt, "has no 'dtype'");
    for (const Dtype& dtype : kDtypes)
      if (*name == json::string_view(dtype.name.data(), dtype.name.size())) return dtype.type;
    return error(ErrorCode::unsupported,
                 fmt::format("is {}; supported are F32, F16, BF16, F8_E4M3 and U8",
                             quoted_name({name->data(), name->size()})));
  }

  Result<Entry> entry(json::string_view name, const json::value& value,
                      std::span<const std::byte> data) const {
    const json::object* fields = value.if_object();
    if (!fields) return error(ErrorCode::corrupt, "is no JSON object");
    Entry entry;
    entry.tensor.name.assign(name.data(), name.size());
    if (name.empty()) return error(ErrorCode::corrupt, "has an empty name");
    HELICON_ASSIGN(entry.tensor.type, type(*fields));
    HELICON_ASSIGN(entry.tensor.shape, numbers(*fields, "shape", kMostDimensions));
    HELICON_ASSIGN(const std::vector<uint64_t> offsets, numbers(*fields, "data_offsets", 2));
    if (offsets.size() != 2) return error(ErrorCode::corrupt, "has no two 'data_offsets'");
    uint64_t bytes = tensor::info(entry.tensor.type).block_bytes;
    for (const uint64_t dimension : entry.tensor.shape) {
      if (dimension == 0) return error(ErrorCode::unsupported, "has a dimension of 0");
      if (__builtin_mul_overflow(bytes, dimension, &bytes))
        return error(ErrorCode::corrupt, "has dimensions that overflow 64 bits");
    }
    if (entry.tensor.shape.empty()) entry.tensor.shape = {1};
    // What fits its bytes cannot overflow, twice as large or not.
    entry.tensor.shape.back() *= tensor::info(entry.tensor.type).block_elements;
    entry.begin = offsets[0];
    entry.end = offsets[1];
    if (entry.begin > entry.end || entry.end > data.size())
      return error(ErrorCode::corrupt,
                   fmt::format("lies at bytes {} to {} of the data, which has {}", entry.begin,
                               entry.end, data.size()));
    if (entry.end - entry.begin != bytes)
      return error(ErrorCode::corrupt, fmt::format("has {} bytes, but its shape takes {}",
                                                   entry.end - entry.begin, bytes));
    entry.tensor.data = data.data() + entry.begin;
    entry.tensor.bytes = bytes;
    return entry;
  }

 private:
  std::string where_;
};

// The entries, in order of their data, follow each other and fill it.
Status check_layout(const std::vector<Entry>& entries, size_t data_bytes, const std::string& file) {
  uint64_t end = 0;
  for (const Entry& entry : entries) {
    const EntryReader reader(file, {entry.tensor.name.data(), entry.tensor.name.size()});
    if (entry.begin < end)
      return reader.error(
          ErrorCode::corrupt,
          fmt::format("begins at byte {} of the data, where another one lies", entry.begin));
    if (entry.begin > end)
      return reader.error(ErrorCode::corrupt,
                          fmt::format("begins at byte {} of the data, {} bytes behind the last one",
                                      entry.begin, entry.begin - end));
    end = entry.end;
  }
  if (end != data_bytes)
    return Error{ErrorCode::corrupt,
                 fmt::format("{}: {} bytes at the end belong to no tensor", file, data_bytes - end),
                 {}};
  return ok_status();
}

}  // namespace

Result<std::vector<TensorView>> read_safetensors(std::span<const std::byte> bytes,
                                                 const std::string& file) {
  const auto failed = [&](ErrorCode code, const std::string& problem) {
    return Error{code, fmt::format("{}: {}", file, problem), {}};
  };
  uint64_t length = 0;
  if (bytes.size() < sizeof(length))
    return failed(ErrorCode::corrupt,
                  fmt::format("has {} bytes, too few for a safetensors file", bytes.size()));
  std::memcpy(&length, bytes.data(), sizeof(length));
  const std::span<const std::byte> rest = bytes.subspan(sizeof(length));
  if (length > rest.size())
    return failed(ErrorCode::corrupt,
                  fmt::format("claims a header of {} bytes; {} follow", length, rest.size()));
  if (length > kMostHeaderBytes)
    return failed(ErrorCode::too_large, fmt::format("has a header of {} bytes, at most {} are read",
                                                    length, kMostHeaderBytes));
  // A copy: the file may change under us.
  const std::string header(reinterpret_cast<const char*>(rest.data()), length);
  if (!header.starts_with('{')) return failed(ErrorCode::corrupt, "has no header in JSON");
  HELICON_ASSIGN(const json::object table, parse_json_object(header, file, {.depth = 4}));
  const std::span<const std::byte> data = rest.subspan(length);
  std::vector<Entry> entries;
  for (const auto& [name, value] : table) {
    if (name == "__metadata__") continue;  // text for people
    HELICON_ASSIGN(Entry entry, EntryReader(file, name).entry(name, value, data));
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  HELICON_TRY(check_layout(entries, data.size(), file));
  std::vector<TensorView> tensors;
  for (Entry& entry : entries) tensors.push_back(std::move(entry.tensor));
  return tensors;
}

}  // namespace helicon::weights
