#include "weights/model_file.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "weights/gguf_file.h"
#include "weights/model_folder.h"
#include "weights/quoted_name.h"

namespace helicon::weights {
namespace {

// In the order of MetadataValue.
constexpr std::array<std::string_view, std::variant_size_v<MetadataValue>> kinds = {
    "an unsigned integer",
    "a signed integer",
    "a number",
    "a boolean",
    "a string",
    "an array of unsigned integers",
    "an array of signed integers",
    "an array of numbers",
    "an array of booleans",
    "an array of strings"};

Error wrong(std::string_view key, const std::string& what) {
  return {ErrorCode::corrupt, fmt::format("metadata key {} {}", quoted_name(key), what), {}};
}

Error missing_or_other(std::string_view key, const MetadataValue* value, std::string_view wanted) {
  if (value == nullptr) return wrong(key, "is missing");
  return wrong(key, fmt::format("is {}, not {}", kinds[value->index()], wanted));
}

// Value as Kind, or an error that says what it is instead.
template <typename Kind>
Result<const Kind*> as(std::string_view key, const MetadataValue* value, std::string_view wanted) {
  const Kind* found = value == nullptr ? nullptr : std::get_if<Kind>(value);
  if (found == nullptr) return missing_or_other(key, value, wanted);
  return found;
}

template <typename To, typename From>
std::vector<To> converted(const std::vector<From>& from) {
  return std::vector<To>(from.begin(), from.end());
}

}  // namespace

const MetadataValue* Metadata::find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

Result<uint64_t> Metadata::unsigned_integer(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value != nullptr) {
    if (const auto* integer = std::get_if<uint64_t>(value)) return *integer;
    if (const auto* integer = std::get_if<int64_t>(value)) {
      if (*integer < 0) return wrong(key, fmt::format("is negative ({})", *integer));
      return static_cast<uint64_t>(*integer);
    }
  }
  return missing_or_other(key, value, "an unsigned integer");
}

Result<double> Metadata::number(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value != nullptr) {
    if (const auto* real = std::get_if<double>(value)) return *real;
    if (const auto* integer = std::get_if<uint64_t>(value)) return static_cast<double>(*integer);
    if (const auto* integer = std::get_if<int64_t>(value)) return static_cast<double>(*integer);
  }
  return missing_or_other(key, value, "a number");
}

Result<bool> Metadata::boolean(std::string_view key) const {
  HELICON_ASSIGN(const bool* value, as<bool>(key, find(key), "a boolean"));
  return *value;
}

Result<std::string> Metadata::string(std::string_view key) const {
  HELICON_ASSIGN(const std::string* value, as<std::string>(key, find(key), "a string"));
  return *value;
}

Result<const std::vector<std::string>*> Metadata::string_array(std::string_view key) const {
  return as<std::vector<std::string>>(key, find(key), "an array of strings");
}

Result<std::vector<int64_t>> Metadata::integer_array(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value != nullptr) {
    if (const auto* integers = std::get_if<std::vector<int64_t>>(value)) return *integers;
    if (const auto* integers = std::get_if<std::vector<uint64_t>>(value)) {
      for (const uint64_t integer : *integers) {
        if (integer > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
          return wrong(key, fmt::format("holds {}, which is too large", integer));
        }
      }
      return converted<int64_t>(*integers);
    }
  }
  return missing_or_other(key, value, "an array of integers");
}

Result<std::vector<double>> Metadata::number_array(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value != nullptr) {
    if (const auto* numbers = std::get_if<std::vector<double>>(value)) return *numbers;
    if (const auto* integers = std::get_if<std::vector<uint64_t>>(value)) {
      return converted<double>(*integers);
    }
    if (const auto* integers = std::get_if<std::vector<int64_t>>(value)) {
      return converted<double>(*integers);
    }
  }
  return missing_or_other(key, value, "an array of numbers");
}

void Metadata::set(std::string key, MetadataValue value) {
  values_.insert_or_assign(std::move(key), std::move(value));
}

uint64_t TensorView::elements() const {
  uint64_t product = 1;
  for (const uint64_t dimension : shape) product *= dimension;
  return product;
}

Result<std::shared_ptr<const ModelFile>> ModelFile::open(const std::filesystem::path& path) {
  std::error_code failure;
  return std::filesystem::is_directory(path, failure) ? open_model_folder(path) : open_gguf(path);
}

// Linear: a model has some hundred tensors, and each is looked up once, at load.
const TensorView* ModelFile::find(std::string_view name) const {
  for (const TensorView& tensor : tensors()) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

}  // namespace helicon::weights
